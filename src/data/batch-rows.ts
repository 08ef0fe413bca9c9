// B = rows in a batch, b <= B = rows that are real, L = values a row of a multi feature
import type { Batch, BatchSpec, HostTensor } from "./batch.ts";
import type { BatchData, FeatureSpec } from "./dataset.ts";
import type { EncodedColumn } from "./encode-column.ts";
import type { ItemSampler } from "./item-sampler.ts";
import { pairReader } from "./pairs/pair-reader.ts";

/** What a batch is made from. */
export interface BatchInput {
  readonly data: BatchData;
  readonly spec: BatchSpec;
  /** [b] row numbers. */
  readonly rows: Int32Array;
  readonly features: readonly FeatureSpec[];
  /** Frequencies of the training rows. */
  readonly sampler: ItemSampler;
  /** Items that all rows of the batch share as negatives. */
  readonly shared: Int32Array;
}

/** A batch of rows: every array [B], or [B, L] for multi features. */
export function rowBatch(input: BatchInput): Batch {
  const { data, spec, rows, features, sampler } = input;
  const { size } = spec;
  const batch: Record<string, HostTensor> = {};
  for (const feature of features) {
    batch[`${feature.role}/${feature.name}`] =
      feature.role === "cross"
        ? pairRows(feature, data, { rows, size })
        : takeRows(data.columns.get(feature.name)!, { rows, size });
  }
  for (const label of spec.labels) batch[`label/${label}`] = takeNumbers(data.labels.get(label)!, { rows, size });
  const itemIndex = takeIndexes(data.items.rowEntity, { rows, size });
  batch.itemIndex = itemIndex;
  batch.mask = takeNumbers(undefined, { rows, size });
  const logQ = new Float32Array(size);
  for (let i = 0; i < rows.length; i++) logQ[i] = sampler.logQ[itemIndex.data[i]!]!;
  batch.logQ = { data: logQ, shape: [size] };
  Object.assign(batch, rowExtras(input), rowScores(input));
  return batch;
}

/** A pair feature of each row's own user and item. */
function pairRows(feature: FeatureSpec, data: BatchData, { rows, size }: Take): HostTensor {
  const read = pairReader(data, feature.name);
  const taken = feature.kind === "ids" ? new Int32Array(size) : new Float32Array(size);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    taken[i] = read({ row, item: data.items.rowEntity[row]!, own: true });
  }
  return { data: taken, shape: [size] };
}

/** What a row has of its own in both layouts: user, weight, list and teacher scores, each [B]. */
export function rowExtras({ data, spec: { size }, rows }: BatchInput): Record<string, HostTensor> {
  const extras: Record<string, HostTensor> = {
    userIndex: takeIndexes(data.users.rowEntity, { rows, size }),
    weight: takeNumbers(data.weight, { rows, size }),
  };
  if (data.group !== undefined) extras.group = takeIndexes(data.group, { rows, size });
  for (const [name, scores] of data.teacherScores) extras[`teacher/${name}`] = takeNumbers(scores, { rows, size });
  return extras;
}

/** Stored scores of the rows' own items, [B], and which rows have them. */
function rowScores({ data, spec: { size }, rows }: BatchInput): Record<string, HostTensor> {
  const stored = data.stored?.rows;
  if (stored === undefined) return {};
  const scores = [...stored.scores].map(
    ([head, values]) => [`score/${head}`, takeNumbers(values, { rows, size })] as const,
  );
  return { ...Object.fromEntries(scores), "score/mask": takeNumbers(stored.mask, { rows, size }) };
}

interface Take {
  readonly rows: Int32Array;
  readonly size: number;
}

/** The feature's values at the rows: [B], or [B, L] where the feature is wider. */
export function takeRows({ data, width }: EncodedColumn, { rows, size }: Take): HostTensor {
  const taken = data instanceof Int32Array ? new Int32Array(size * width) : new Float32Array(size * width);
  for (let i = 0; i < rows.length; i++) copyRow(data, rows[i]!, { into: taken, at: i, width });
  return { data: taken, shape: width === 1 ? [size] : [size, width] };
}

/** Copies one row of a feature. */
export function copyRow(
  from: Int32Array | Float32Array,
  row: number,
  { into, at, width }: { readonly into: Int32Array | Float32Array; readonly at: number; readonly width: number },
): void {
  for (let j = 0; j < width; j++) into[at * width + j] = from[row * width + j]!;
}

/** [B] values at the rows, 1 where there is no array of them, 0 for padding. */
function takeNumbers(values: Float32Array | undefined, { rows, size }: Take): HostTensor {
  const taken = new Float32Array(size);
  for (let i = 0; i < rows.length; i++) taken[i] = values === undefined ? 1 : values[rows[i]!]!;
  return { data: taken, shape: [size] };
}

function takeIndexes(values: Int32Array, { rows, size }: Take): HostTensor {
  const taken = new Int32Array(size);
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]!]!;
  return { data: taken, shape: [size] };
}
