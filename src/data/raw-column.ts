/** Numbers as they were read. */
export interface NumberColumn {
  readonly storage: "numbers";
  /** [rows]; NaN stands for a missing value, because a NaN in the data is an error. */
  readonly values: Float64Array;
}

/** Values from a set, by code. */
export interface CategoryColumn {
  readonly storage: "categories";
  /** [rows] index into values; -1 stands for a missing value. */
  readonly codes: Int32Array;
  /** Distinct values by first appearance, as text: 7, 7n and "7" are one value. */
  readonly values: readonly string[];
}

/** Several values a row, by code. */
export interface ListColumn {
  readonly storage: "lists";
  /** [rows + 1] where each row's codes begin. */
  readonly offsets: Int32Array;
  /** [offsets[rows]] index into values. */
  readonly codes: Int32Array;
  readonly values: readonly string[];
}

/** A column as it was read, before any vocabulary. */
export type RawColumn = NumberColumn | CategoryColumn | ListColumn;

/** The column at the given rows, in their order. */
export function takeRows(column: RawColumn, rows: Int32Array): RawColumn {
  switch (column.storage) {
    case "numbers":
      return { ...column, values: gather(column.values, rows, new Float64Array(rows.length)) };
    case "categories":
      return { ...column, codes: gather(column.codes, rows, new Int32Array(rows.length)) };
    case "lists":
      return takeLists(column, rows);
  }
}

function takeLists(column: ListColumn, rows: Int32Array): ListColumn {
  const offsets = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) {
    offsets[i + 1] = offsets[i]! + column.offsets[row + 1]! - column.offsets[row]!;
  }
  const codes = new Int32Array(offsets[rows.length]!);
  for (const [i, row] of rows.entries()) {
    codes.set(column.codes.subarray(column.offsets[row]!, column.offsets[row + 1]!), offsets[i]!);
  }
  return { ...column, offsets, codes };
}

function gather<T extends Float64Array | Int32Array>(values: T, rows: Int32Array, into: T): T {
  for (let i = 0; i < rows.length; i++) into[i] = values[rows[i]!]!;
  return into;
}
