import type { Dataset, FeatureSpec } from "../../data/dataset.ts";
import type { EncodedColumn } from "../../data/encode-column.ts";
import { pairReader } from "../../data/pairs/pair-reader.ts";
import type { Program } from "../../engine/program.ts";
import type { HostBatch, HostTensor } from "../../engine/step.ts";

/** Rows of one forward call over rows, users or items. */
export const SCORE_ROWS = 4096;

/** What the features of rows are read from. */
type RowData = Pick<Dataset, "features" | "columns" | "pairs" | "isTrainRow"> & {
  readonly items: Pick<Dataset["items"], "features" | "rowEntity">;
};

/** Features of some rows of the data in batches of one fixed size; the last one is padded by repeating its first row. */
export function* rowBatches(
  dataset: RowData,
  rows: Int32Array,
  size: number,
): Generator<{ readonly batch: HostBatch; readonly start: number; readonly count: number }> {
  for (let start = 0; start < rows.length; start += size) {
    const count = Math.min(size, rows.length - start);
    const padded = padRows(rows.subarray(start, start + count), size);
    const items = padded.map((row) => dataset.items.rowEntity[row]!);
    const batch = Object.fromEntries(
      dataset.features.map((spec) => [
        `${spec.role}/${spec.name}`,
        spec.role === "cross"
          ? pairValues(dataset, spec, { rows: padded, items, own: true, shape: [size] })
          : gatherColumn(dataset.columns.get(spec.name)!, spec, padded, [size]),
      ]),
    );
    yield { batch, start, count };
  }
}

/** Features of users or items by their numbers, in the given leading shape. */
export function entityBatch(
  dataset: Dataset,
  role: "user" | "item",
  numbers: Int32Array,
  shape: readonly number[],
): HostBatch {
  const { features } = role === "user" ? dataset.users : dataset.items;
  const specs = dataset.features.filter((spec) => spec.role === role);
  return Object.fromEntries(
    specs.map((spec) => [`${role}/${spec.name}`, gatherColumn(features.get(spec.name)!, spec, numbers, shape)]),
  );
}

/** Every user or item in batches of one fixed size. */
export function* entityBatches(
  dataset: Dataset,
  role: "user" | "item",
): Generator<{ readonly batch: HostBatch; readonly start: number; readonly count: number }> {
  const { size } = role === "user" ? dataset.users : dataset.items;
  for (let start = 0; start < size; start += SCORE_ROWS) {
    const count = Math.min(SCORE_ROWS, size - start);
    const numbers = Int32Array.from({ length: count }, (_, i) => start + i);
    yield { batch: entityBatch(dataset, role, padRows(numbers, SCORE_ROWS), [SCORE_ROWS]), start, count };
  }
}

/** Vectors [rows, width] of all batches, from one of the towers. */
export function collectVectors(
  program: Program,
  tower: "users" | "items",
  batches: Iterable<{ readonly batch: HostBatch; readonly count: number }>,
): HostTensor {
  const chunks: Float32Array[] = [];
  let width = 0;
  for (const { batch, count } of batches) {
    const { data, shape } = program.forward(tower, batch).vectors!;
    width = shape[1]!;
    chunks.push((data as Float32Array).slice(0, count * width));
  }
  const data = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    data.set(chunk, at);
    at += chunk.length;
  }
  return { data, shape: [data.length / Math.max(1, width), width] };
}

/** A pair feature at rows and items side by side; `own` where each item is that of its row. */
export function pairValues(
  dataset: RowData,
  spec: FeatureSpec,
  {
    rows,
    items,
    own,
    shape,
  }: {
    readonly rows: Int32Array;
    readonly items: Int32Array;
    readonly own: boolean;
    readonly shape: readonly number[];
  },
): HostTensor {
  const read = pairReader(dataset, spec.name);
  const values = spec.kind === "ids" ? new Int32Array(rows.length) : new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) values[i] = read({ row: rows[i]!, item: items[i]!, own });
  return { data: values, shape };
}

/** `rows` filled up to `size` with its first entry. */
export function padRows(rows: Int32Array, size: number): Int32Array {
  const padded = new Int32Array(size).fill(rows[0] ?? 0);
  padded.set(rows);
  return padded;
}

/** Values of `column` at `rows`. */
export function takeRows(column: Float32Array, rows: Int32Array): Float32Array {
  return Float32Array.from(rows, (row) => column[row]!);
}

/** [B, ...] -> [B, times, ...], each row repeated. */
export function repeatRows({ data, shape }: HostTensor, times: number): HostTensor {
  const [rows = 0, ...rest] = shape;
  const width = data.length / rows;
  const repeated =
    data instanceof Int32Array ? new Int32Array(data.length * times) : new Float32Array(data.length * times);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * width, (row + 1) * width);
    for (let i = 0; i < times; i++) repeated.set(values, (row * times + i) * width);
  }
  return { data: repeated, shape: [rows, times, ...rest] };
}

export function gatherColumn(
  { data, width }: EncodedColumn,
  spec: FeatureSpec,
  rows: Int32Array,
  shape: readonly number[],
): HostTensor {
  const values =
    data instanceof Int32Array ? new Int32Array(rows.length * width) : new Float32Array(rows.length * width);
  if (width === 1)
    rows.forEach((row, i) => {
      values[i] = data[row]!;
    });
  else
    rows.forEach((row, i) => {
      values.set(data.subarray(row * width, (row + 1) * width), i * width);
    });
  return { data: values, shape: spec.kind === "multi" ? [...shape, width] : [...shape] };
}
