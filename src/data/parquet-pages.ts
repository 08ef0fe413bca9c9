// The pages of one Parquet column, looked through before the library decodes them: it repeats a value as often as a run
// says, and makes arrays as long as a page says. Source: Apache Parquet format, parquet.thrift (PageHeader) and Encodings.md
// (RLE and bit-packing hybrid).
import type { ThriftFields } from "./thrift-walk.ts";
import { walkThrift } from "./thrift-walk.ts";

/** Most bytes that a column's pages in one row group may unpack to. */
const MOST_BYTES = 2 ** 31;
/** Values that a bit-packed run may go over the page's: writers fill up their last run. */
const PADDING = 4096;

/** Fields of PageHeader, and of the three headers within it. */
const PAGE = { unpacked: 2, packed: 3, data: 5, dictionary: 7, dataV2: 8 } as const;
const DATA = { values: 1, encoding: 2 } as const;
const DATA_V2 = { values: 1, nulls: 2, encoding: 4, definitionBytes: 5, repetitionBytes: 6, isCompressed: 7 } as const;
/** Encodings whose values are runs. */
const RUNS = { plainDictionary: 2, rle: 3, rleDictionary: 8 } as const;

export interface ColumnPages {
  /** Values that the chunk says it has. */
  readonly values: number;
  /** Deepest levels of the column in the schema. */
  readonly maxDefinition: number;
  readonly maxRepetition: number;
  readonly unpack: (bytes: Uint8Array, size: number) => Uint8Array;
}

/** What is wrong with the pages of a chunk; undefined where nothing is. @throws Error a header or a page is broken. */
export function pagesProblem(bytes: Uint8Array, column: ColumnPages): string | undefined {
  const view = viewOf(bytes);
  let unpacked = 0;
  let found = 0;
  for (let at = 0; at < bytes.length - 1; ) {
    const header = walkThrift(view, at);
    const packed = header.numbers.get(PAGE.packed) ?? -1;
    const size = header.numbers.get(PAGE.unpacked) ?? -1;
    unpacked += size;
    if (!(packed >= 0 && header.end + packed <= bytes.length)) return `a page of ${packed} bytes at byte ${at}`;
    if (!(size >= 0 && unpacked <= MOST_BYTES)) return `pages that unpack to ${unpacked} bytes or more`;
    const data = header.structs.get(PAGE.data) ?? header.structs.get(PAGE.dataV2);
    const count = (data ?? header.structs.get(PAGE.dictionary))?.numbers.get(DATA.values) ?? 0;
    if (data !== undefined) found += count;
    if (!(count >= 0 && found <= column.values && count <= Math.max(column.values, size)))
      return `a page of ${count} values where ${column.values} are left`;
    const page = bytes.subarray(header.end, header.end + packed);
    const problem = runsProblem(page, header, size, column);
    if (problem !== undefined) return `${problem} at byte ${at}`;
    at = header.end + packed;
  }
  return undefined;
}

function runsProblem(page: Uint8Array, header: ThriftFields, size: number, column: ColumnPages): string | undefined {
  const first = header.structs.get(PAGE.data);
  if (first !== undefined) return runsOfV1(column.unpack(page, size), first, column);
  const second = header.structs.get(PAGE.dataV2);
  return second === undefined ? undefined : runsOfV2(page, second, size, column);
}

/** Levels, each after its length, then the values. */
function runsOfV1(page: Uint8Array, { numbers }: ThriftFields, column: ColumnPages): string | undefined {
  const values = numbers.get(DATA.values) ?? 0;
  let at = 0;
  for (const level of [column.maxRepetition, column.maxDefinition]) {
    if (level === 0) continue;
    const length = viewOf(page).getUint32(at, true);
    const problem = runProblem(page.subarray(at + 4), levelWidth(level), values);
    if (problem !== undefined) return problem;
    at += 4 + length;
  }
  return valueRuns(page.subarray(at), numbers.get(DATA.encoding), values);
}

/** Levels of known length, which are never compressed, then the values. */
function runsOfV2(page: Uint8Array, { numbers }: ThriftFields, size: number, column: ColumnPages): string | undefined {
  const values = numbers.get(DATA_V2.values) ?? 0;
  const nulls = numbers.get(DATA_V2.nulls) ?? 0;
  const [repetition, definition] = [DATA_V2.repetitionBytes, DATA_V2.definitionBytes].map((id) => numbers.get(id) ?? 0);
  if (!(nulls >= 0 && nulls <= values)) return `${nulls} nulls of ${values} values`;
  if (!(repetition! >= 0 && definition! >= 0 && repetition! + definition! <= Math.min(page.length, size)))
    return `levels of ${repetition} and ${definition} bytes`;
  const levels = [
    [column.maxRepetition, 0],
    [column.maxDefinition, repetition!],
  ] as const;
  for (const [level, at] of levels) {
    const problem = level === 0 ? undefined : runProblem(page.subarray(at), levelWidth(level), values);
    if (problem !== undefined) return problem;
  }
  const rest = page.subarray(repetition! + definition!);
  const isPacked = numbers.get(DATA_V2.isCompressed) !== 0;
  const plain = isPacked ? column.unpack(rest, size - repetition! - definition!) : rest;
  return valueRuns(plain, numbers.get(DATA_V2.encoding), values - nulls);
}

function valueRuns(bytes: Uint8Array, encoding: number | undefined, values: number): string | undefined {
  if (encoding === RUNS.rle) return runProblem(bytes.subarray(4), 1, values);
  if (encoding !== RUNS.plainDictionary && encoding !== RUNS.rleDictionary) return undefined;
  const width = bytes[0] ?? 0;
  return width > 32 ? `indices of ${width} bits` : runProblem(bytes.subarray(1), width, values);
}

/** Walks the runs' headers. Runs that end early are for the library to complain of. */
function runProblem(bytes: Uint8Array, width: number, values: number): string | undefined {
  let seen = 0;
  for (let at = 0; seen < values && at < bytes.length; ) {
    let header = 0;
    let shift = 0;
    do {
      header += (bytes[at]! & 127) * 2 ** shift;
      shift += 7;
    } while (bytes[at++]! >= 128 && at < bytes.length && shift < 35);
    const isPacked = header % 2 === 1;
    const count = isPacked ? ((header - 1) / 2) * 8 : header / 2;
    if (count > values - seen + (isPacked ? PADDING : 0))
      return `a run of ${count} values where ${values - seen} are left`;
    at += isPacked ? (count / 8) * width : (width + 7) >> 3;
    seen += count;
  }
  return undefined;
}

const levelWidth = (level: number): number => 32 - Math.clz32(level);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
