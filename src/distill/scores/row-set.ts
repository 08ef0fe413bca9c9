import { DataError } from "../../errors.ts";

/**
 * Rows of one file as runs of neighbours: run i is [from[i], to[i]). Rising, disjoint, not touching. Plain arrays of
 * safe integers, because a file may have more than 2^31 rows.
 */
export interface RowSet {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * Gathers rows into runs.
 *
 * @param rows - whole numbers >= 0 in any order; a row given twice counts once.
 */
export function rowSet(rows: ArrayLike<number>): RowSet {
  const sorted = Float64Array.from(rows).sort();
  const from: number[] = [];
  const to: number[] = [];
  for (const row of sorted) {
    const end = to.at(-1);
    if (end !== undefined && row <= end) to[to.length - 1] = Math.max(end, row + 1);
    else {
      from.push(row);
      to.push(row + 1);
    }
  }
  return { from, to };
}

/** Rows of either set. */
export function unionRows(a: RowSet, b: RowSet): RowSet {
  const runs = [...a.from.keys()].map((i) => [a.from[i]!, a.to[i]!] as const);
  for (const i of b.from.keys()) runs.push([b.from[i]!, b.to[i]!]);
  runs.sort((x, y) => x[0] - y[0]);
  const from: number[] = [];
  const to: number[] = [];
  for (const [start, end] of runs) {
    const last = to.at(-1);
    if (last !== undefined && start <= last) to[to.length - 1] = Math.max(last, end);
    else {
      from.push(start);
      to.push(end);
    }
  }
  return { from, to };
}

/** Number of rows in the set. */
export function countRows({ from, to }: RowSet): number {
  return to.reduce((sum, end, i) => sum + end - from[i]!, 0);
}

/** True where the set holds the row. */
export function hasRow({ from, to }: RowSet, row: number): boolean {
  let low = 0;
  let high = to.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (to[middle]! <= row) low = middle + 1;
    else high = middle;
  }
  return low < from.length && from[low]! <= row;
}

/** The set as text: base64 of the runs' gaps and lengths as LEB128 varints. Two bytes a run where runs are short. */
export function encodeRowSet({ from, to }: RowSet): string {
  const bytes: number[] = [];
  let at = 0;
  for (const [i, start] of from.entries()) {
    pushVarint(bytes, start - at);
    pushVarint(bytes, to[i]! - start);
    at = to[i]!;
  }
  return Buffer.from(bytes).toString("base64");
}

/**
 * Reads what encodeRowSet wrote.
 *
 * @throws {DataError} the text is no such set.
 */
export function decodeRowSet(text: string): RowSet {
  const bytes = Buffer.from(text, "base64");
  const from: number[] = [];
  const to: number[] = [];
  let at = 0;
  let position = 0;
  const next = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = bytes[position++];
      if (byte === undefined || shift > 2 ** 49)
        throw new DataError(`decodeRowSet: rows must be whole varints, got a cut text of ${bytes.length} bytes`);
      value += (byte & 127) * shift;
      if (byte < 128) return value;
    }
  };
  while (position < bytes.length) {
    const start = at + next();
    const length = next();
    if (!(length > 0 && (start > at || from.length === 0)))
      throw new DataError(`decodeRowSet: runs must rise and not touch, got one of ${length} rows at ${start}`);
    from.push(start);
    to.push(start + length);
    at = start + length;
  }
  return { from, to };
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}
