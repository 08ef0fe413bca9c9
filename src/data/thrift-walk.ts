// Thrift's compact protocol, read for its numbers alone and with every length held against the bytes that are there:
// the Parquet library trusts them. Source: Apache Thrift, "Thrift compact protocol encoding".

/** Integers, booleans (1 and 0) and inner structs of a struct by field number; all else is passed over. */
export interface ThriftFields {
  readonly numbers: ReadonlyMap<number, number>;
  readonly structs: ReadonlyMap<number, ThriftFields>;
  /** Lists of structs. */
  readonly lists: ReadonlyMap<number, readonly ThriftFields[]>;
  /** The byte behind the struct. */
  readonly end: number;
}

const MOST_DEPTH = 32;
const [TRUE, FALSE, BYTE, INT64, DOUBLE, BINARY, LIST, SET, STRUCT] = [1, 2, 3, 6, 7, 8, 9, 10, 12];

/** @throws RangeError or Error a length or a field goes over the end, or structs are nested deeper than 32. */
export function walkThrift(view: DataView, start: number, depth = 0): ThriftFields {
  if (depth > MOST_DEPTH) throw new Error(`thrift structs must be nested at most ${MOST_DEPTH} deep`);
  const numbers = new Map<number, number>();
  const structs = new Map<number, ThriftFields>();
  const lists = new Map<number, readonly ThriftFields[]>();
  let at = start;
  let field = 0;
  for (;;) {
    const byte = view.getUint8(at++);
    const type = byte & 15;
    if (type === 0) return { numbers, structs, lists, end: at };
    if (byte >> 4 > 0) field += byte >> 4;
    else {
      const id = varint(view, at);
      field = zigzag(id.value);
      at = id.end;
    }
    if (type > BYTE! && type <= INT64!) {
      const { value, end } = varint(view, at);
      numbers.set(field, zigzag(value));
      at = end;
    } else if (type === STRUCT) {
      const inner = walkThrift(view, at, depth + 1);
      structs.set(field, inner);
      at = inner.end;
    } else if (type === TRUE || type === FALSE) numbers.set(field, type === TRUE ? 1 : 0);
    else if (type === LIST) {
      const inner: ThriftFields[] = [];
      at = skipList(view, at, depth, inner);
      lists.set(field, inner);
    } else at = skipValue(view, at, { type, depth });
  }
}

interface SkippedValue {
  readonly type: number;
  readonly depth: number;
}

/** @returns the byte behind the value. */
function skipValue(view: DataView, at: number, { type, depth }: SkippedValue): number {
  if (type === TRUE || type === FALSE || type === BYTE) return at + 1; // in a list; a field's boolean lies in its type
  if (type <= INT64!) return varint(view, at).end;
  if (type === DOUBLE) return at + 8;
  if (type === STRUCT) return walkThrift(view, at, depth + 1).end;
  if (type === BINARY) {
    const { value, end } = varint(view, at);
    if (!(value <= view.byteLength - end)) throw new Error(`thrift text must lie within the file, got ${value} bytes`);
    return end + value;
  }
  if (type === LIST || type === SET) return skipList(view, at, depth);
  throw new Error(`thrift values must be of a known type, got ${type}`);
}

function skipList(view: DataView, at: number, depth: number, structs: ThriftFields[] = []): number {
  if (depth > MOST_DEPTH) throw new Error(`thrift lists must be nested at most ${MOST_DEPTH} deep`);
  const head = view.getUint8(at);
  const long = head >> 4 === 15 ? varint(view, at + 1) : undefined;
  const count = long?.value ?? head >> 4;
  let end = long?.end ?? at + 1;
  if (!(count <= view.byteLength - end))
    throw new Error(`thrift lists must lie within the file, got ${count} elements`);
  for (let i = 0; i < count; i++) {
    if ((head & 15) === STRUCT) {
      structs.push(walkThrift(view, end, depth + 1));
      end = structs.at(-1)!.end;
    } else end = skipValue(view, end, { type: head & 15, depth: depth + 1 });
  }
  return end;
}

/** An unsigned integer of seven bits a byte. */
function varint(view: DataView, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start, factor = 1; at < start + 10; at++, factor *= 128) {
    const byte = view.getUint8(at);
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at + 1 };
  }
  throw new Error("thrift integers must have at most ten bytes");
}

const zigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2);
