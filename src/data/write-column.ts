import { DataError } from "../errors.ts";

/** A column to write; null is a missing value. */
export type WriteColumn =
  | {
      readonly name: string;
      readonly type: "int32" | "float32" | "float64";
      readonly values: ArrayLike<number | null>;
    }
  | { readonly name: string; readonly type: "int64"; readonly values: ArrayLike<number | bigint | null> }
  | { readonly name: string; readonly type: "string"; readonly values: ArrayLike<string | null> }
  | { readonly name: string; readonly type: "boolean"; readonly values: ArrayLike<boolean | null> }
  | { readonly name: string; readonly type: "string-list"; readonly values: ArrayLike<readonly string[] | null> }
  | {
      readonly name: string;
      readonly type: "float32-vector";
      /** Numbers in each vector. */
      readonly width: number;
      /** [rows * width], row after row. */
      readonly values: Float32Array;
    };

/**
 * The number of rows that the columns share.
 *
 * @throws {DataError} no column, a name given twice, columns that differ in length.
 */
export function checkWriteColumns(what: string, columns: readonly WriteColumn[]): number {
  const [first] = columns;
  if (first === undefined) throw new DataError(`${what}: columns must not be empty, got none`);
  const names = columns.map((column) => column.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new DataError(`${what}: column names must differ, got ${JSON.stringify(twice)} twice`);
  const odd = columns.find((column) => rowsOf(column) !== rowsOf(first));
  if (odd !== undefined) {
    const lengths = `${rowsOf(first)} in ${first.name}, ${rowsOf(odd)} in ${odd.name}`;
    throw new DataError(`${what}: columns must have equally many rows, got ${lengths}`);
  }
  return rowsOf(first);
}

/** Rows start to end (exclusive) of a column, one cell a row. */
export function columnCells(column: WriteColumn, start: number, end: number): unknown[] {
  const cells: unknown[] = new Array(end - start);
  for (let row = start; row < end; row++) cells[row - start] = cellOf(column, row);
  return cells;
}

/** True where at least one value is missing. */
export function hasNull(column: WriteColumn): boolean {
  if (ArrayBuffer.isView(column.values)) return false;
  for (let row = 0; row < column.values.length; row++) if (column.values[row] === null) return true;
  return false;
}

function cellOf(column: WriteColumn, row: number): unknown {
  if (column.type === "float32-vector") {
    return Array.from(column.values.subarray(row * column.width, (row + 1) * column.width));
  }
  const value = column.values[row]!;
  return column.type === "int64" && typeof value === "number" ? BigInt(value) : value;
}

function rowsOf(column: WriteColumn): number {
  return column.type === "float32-vector" ? column.values.length / column.width : column.values.length;
}
