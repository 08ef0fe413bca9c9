// B = rows in a batch, b <= B = rows that are real, M = items that all rows share, C = B + M columns of the in-batch matrix
import type { RandomStream } from "../random.ts";
import type { BatchSpec, HostTensor } from "./batch.ts";
import { type BatchInput, copyRow } from "./batch-rows.ts";
import type { BatchData } from "./dataset.ts";
import { hasItem } from "./interactions.ts";
import { knownMatrix } from "./known-matrix.ts";

/** [M] items drawn alike from the catalogue, with replacement. */
export function drawShared(data: BatchData, { sharedItems = 0 }: BatchSpec, stream: RandomStream): Int32Array {
  return Int32Array.from({ length: sharedItems }, () => stream.integer(data.items.size));
}

/** What in-batch losses need: the shared items with their features, the known columns, and how likely each column was. */
export function inBatchArrays(input: BatchInput): Record<string, HostTensor> {
  const { data, spec, sampler, rows, shared } = input;
  const columns = spec.size + shared.length;
  const frequency = (item: number): number => Math.exp(sampler.logQ[item]!);
  const items = rows.map((row) => data.items.rowEntity[row]!);
  return {
    ...(shared.length > 0 && sharedFeatures(input)),
    ...(spec.knownMatrix === true && { known: { data: knownColumns(input), shape: [spec.size, columns] } }),
    ...(spec.columnLogQ === true && {
      columnLogQ: {
        data: mixedLogQ({ items, size: spec.size, shared, catalogue: data.items.size }, frequency),
        shape: [columns],
      },
    }),
  };
}

/** `shared/itemIndex` [M] and `shared/item/<column>`, from the catalogue. */
function sharedFeatures({ data, features, shared }: BatchInput): Record<string, HostTensor> {
  const batch: Record<string, HostTensor> = {
    "shared/itemIndex": { data: shared.slice(), shape: [shared.length] },
  };
  for (const { name, role } of features) {
    if (role !== "item") continue;
    const { data: values, width } = data.items.features.get(name)!;
    const length = shared.length * width;
    const into = values instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
    shared.forEach((item, at) => {
      copyRow(values, item, { into, at, width });
    });
    batch[`shared/item/${name}`] = { data: into, shape: width === 1 ? [shared.length] : [shared.length, width] };
  }
  return batch;
}

function knownColumns({ data, spec, rows, shared }: BatchInput): Float32Array {
  const { size } = spec;
  const own = knownMatrix(data, rows, size);
  if (shared.length === 0) return own;
  const columns = size + shared.length;
  const known = new Float32Array(size * columns);
  for (let i = 0; i < size; i++) {
    known.set(own.subarray(i * size, (i + 1) * size), i * columns);
    if (i >= rows.length) continue;
    const user = data.users.rowEntity[rows[i]!]!;
    const item = data.items.rowEntity[rows[i]!]!;
    shared.forEach((other, j) => {
      if (other === item || hasItem(data.trainItems, user, other)) known[i * columns + size + j] = 1;
    });
  }
  return known;
}

/** Columns of an in-batch matrix. */
export interface InBatchItems {
  /** [b] the rows' own items. */
  readonly items: Int32Array;
  /** B, rows with padding. */
  readonly size: number;
  /** [M] shared items. */
  readonly shared: Int32Array;
  /** Items of the catalogue. */
  readonly catalogue: number;
}

/**
 * [C] natural log of each column's probability: of the mixture of the rows' items, drawn with `frequency`, and of the
 * shared ones, drawn alike. 0 for padded rows.
 *
 * Source: Yang et al. (WWW 2020), mixed negative sampling, section 3.2.
 */
export function mixedLogQ(
  { items, size, shared, catalogue }: InBatchItems,
  frequency: (item: number) => number,
): Float32Array {
  const logQ = new Float32Array(size + shared.length);
  const log = (item: number): number => Math.log((size * frequency(item) + shared.length / catalogue) / logQ.length);
  items.forEach((item, i) => {
    logQ[i] = log(item);
  });
  shared.forEach((item, j) => {
    logQ[size + j] = log(item);
  });
  return logQ;
}
