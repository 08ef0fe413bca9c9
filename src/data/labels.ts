import { DataError } from "../errors.ts";
import type { RowValue } from "./compile-expression.ts";
import { sharedFloat32 } from "./shared-array.ts";

/** Rows that an error message names at most. */
const ROWS_NAMED = 5;

/**
 * Evaluates a label over rows.
 *
 * @returns [rows] 0 or 1, in shared memory.
 * @throws {DataError} a value is neither 0 nor 1.
 */
export function labelValues(
  name: string,
  value: RowValue,
  { rows, locate }: { readonly rows: number; readonly locate: (row: number) => string },
): Float32Array {
  const labels = sharedFloat32(rows);
  for (let row = 0; row < rows; row++) {
    const label = value(row);
    if (label !== 0 && label !== 1) {
      throw new DataError(
        `${locate(row)}: label ${JSON.stringify(name)} must be 0 or 1, got ${label}; see data.labels`,
      );
    }
    labels[row] = label;
  }
  return labels;
}

/**
 * Checks that the second label is 1 wherever the first is, as a conversion needs a click.
 *
 * @throws {DataError} naming the first rows that break it and their number.
 */
export function checkImplication(
  labels: ReadonlyMap<string, Float32Array>,
  { from, to, locate }: { readonly from: string; readonly to: string; readonly locate: (row: number) => string },
): void {
  const cause = labels.get(from)!;
  const effect = labels.get(to)!;
  let count = 0;
  const named: string[] = [];
  for (let row = 0; row < cause.length; row++) {
    if (cause[row] !== 1 || effect[row] === 1) continue;
    if (count++ < ROWS_NAMED) named.push(locate(row));
  }
  if (count === 0) return;
  const more = count > named.length ? ` and ${count - named.length} more` : "";
  const rule = `label ${JSON.stringify(to)} must be 1 where ${JSON.stringify(from)} is 1 (data.implies)`;
  throw new DataError(`${rule}, got 0 at ${named.join(", ")}${more}`);
}

/**
 * Checks weights.
 *
 * @returns [rows] the weights, in shared memory.
 * @throws {DataError} a weight is negative.
 */
export function weightValues(
  values: Float64Array,
  { column, locate }: { readonly column: string; readonly locate: (row: number) => string },
): Float32Array {
  const weights = sharedFloat32(values.length);
  for (const [row, weight] of values.entries()) {
    if (!(weight >= 0))
      throw new DataError(`${locate(row)}: weight ${JSON.stringify(column)} must be >= 0, got ${weight}`);
    weights[row] = weight;
  }
  return weights;
}
