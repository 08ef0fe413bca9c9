// The few wire types of protocol buffers that an event file needs.
// Source: protobuf.dev, "Encoding".

/** One encoded field of a message. */
export type Field = Uint8Array;

/** int32, int64, enum, bool: whole numbers in [0, 2^53). */
export function varintField(number: number, value: number): Field {
  return Uint8Array.from([...varint(tag(number, 0)), ...varint(value)]);
}

/** double */
export function doubleField(number: number, value: number): Field {
  return fixed(tag(number, 1), 8, (view) => view.setFloat64(0, value, true));
}

/** float */
export function floatField(number: number, value: number): Field {
  return fixed(tag(number, 5), 4, (view) => view.setFloat32(0, value, true));
}

/** string (UTF-8), bytes, or a message of its fields. */
export function bytesField(number: number, value: string | Uint8Array | readonly Field[]): Field {
  const content =
    typeof value === "string" ? Buffer.from(value, "utf8") : value instanceof Uint8Array ? value : message(value);
  return Buffer.concat([Uint8Array.from([...varint(tag(number, 2)), ...varint(content.byteLength)]), content]);
}

/** A message of its fields, in the order given. */
export function message(fields: readonly Field[]): Uint8Array {
  return Buffer.concat(fields);
}

function tag(number: number, wireType: number): number {
  return number * 8 + wireType;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function fixed(tag: number, bytes: number, set: (view: DataView) => void): Field {
  const view = new DataView(new ArrayBuffer(bytes));
  set(view);
  return Uint8Array.from([...varint(tag), ...new Uint8Array(view.buffer)]);
}
