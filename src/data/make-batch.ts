import { ConfigError } from "../errors.ts";
import { permutation, type RandomStream, randomStream } from "../random.ts";
import {
  type Batch,
  type BatchSpec,
  batchesPerEpoch,
  checkBatchSpec,
  type HostTensor,
  negativeSources,
} from "./batch.ts";
import { drawShared, inBatchArrays } from "./batch-in-batch.ts";
import { listBatch } from "./batch-lists.ts";
import { type BatchInput, rowBatch } from "./batch-rows.ts";
import { storedListBatch } from "./batch-stored-lists.ts";
import type { BatchData, FeatureSpec } from "./dataset.ts";
import { frequencySampler, type ItemSampler } from "./item-sampler.ts";
import { type NegativeSource, openSource } from "./negative-sources.ts";

/** What all batches of a spec share, and the row order of the epoch that was asked for last. */
interface Plan {
  readonly features: readonly FeatureSpec[];
  /** Frequencies of the training rows. */
  readonly sampler: ItemSampler;
  readonly sources: readonly NegativeSource[];
  epoch: number;
  order: Int32Array;
}

const plans = new WeakMap<BatchData, WeakMap<BatchSpec, Plan>>();

/**
 * Makes one batch. The result depends on the arguments alone: the same in any worker and after a resume.
 *
 * Rows of a last, shorter batch are followed by padding: ids 0, numbers 0, weight 0, mask 0.
 *
 * @param epoch - from 0; chooses the order of the rows and, with index, the negatives.
 * @param index - in [0, batchesPerEpoch(spec)).
 * @throws {ConfigError} the spec does not fit the data, or epoch or index is out of range.
 */
export function makeBatch(data: BatchData, spec: BatchSpec, epoch: number, index: number): Batch {
  const plan = planOf(data, spec);
  const batches = batchesPerEpoch(spec);
  if (!(Number.isInteger(epoch) && epoch >= 0 && Number.isInteger(index) && index >= 0 && index < batches)) {
    throw new ConfigError(`makeBatch: epoch must be >= 0 and index in [0, ${batches}), got ${epoch} and ${index}`);
  }
  const rows = orderOf(plan, spec, epoch).slice(index * spec.size, (index + 1) * spec.size);
  const shared = drawShared(data, spec, randomStream(spec.seed, "shared-items", epoch, index));
  const input = { data, spec, rows, features: plan.features, sampler: plan.sampler, shared };
  const stream = randomStream(spec.seed, "negatives", epoch, index);
  return {
    ...ownRows(input, plan.sources, stream),
    ...inBatchArrays(input),
    ...storedLists(input, epoch * batches + index),
  };
}

/**
 * The rows of a batch, without padding.
 *
 * @throws {ConfigError} as makeBatch.
 */
export function batchRows(data: BatchData, spec: BatchSpec, epoch: number, index: number): Int32Array {
  const order = orderOf(planOf(data, spec), spec, epoch);
  return order.slice(index * spec.size, (index + 1) * spec.size);
}

function ownRows(input: BatchInput, sources: readonly NegativeSource[], stream: RandomStream): Batch {
  return sources.length === 0 ? rowBatch(input) : listBatch({ ...input, sources, stream });
}

function storedLists({ data, spec, features }: BatchInput, step: number): Batch {
  const { lists, seed } = spec;
  if (lists === undefined) return {};
  const { heads, lists: stored } = data.stored!;
  return storedListBatch({ data, lists: stored!, spec: lists, heads, features, seed, step });
}

/** The buffers of a batch, to be moved to another thread. */
export function batchBuffers(batch: Batch): ArrayBuffer[] {
  return Object.values(batch).map(({ data }: HostTensor) => data.buffer as ArrayBuffer);
}

function planOf(data: BatchData, spec: BatchSpec): Plan {
  let bySpec = plans.get(data);
  if (bySpec === undefined) {
    bySpec = new WeakMap();
    plans.set(data, bySpec);
  }
  let plan = bySpec.get(spec);
  if (plan === undefined) {
    const features = checkBatchSpec(data, spec);
    const sources = negativeSources(spec).map((source) => openSource(data, source, spec.rows));
    plan = { features, sampler: frequencySampler(data.items, 1), sources, epoch: -1, order: spec.rows };
    bySpec.set(spec, plan);
  }
  return plan;
}

function orderOf(plan: Plan, spec: BatchSpec, epoch: number): Int32Array {
  if (!spec.shuffle) return spec.rows;
  if (plan.epoch !== epoch) {
    const order = permutation(spec.rows.length, randomStream(spec.seed, "shuffle", epoch));
    plan.order = order.map((position) => spec.rows[position]!);
    plan.epoch = epoch;
  }
  return plan.order;
}
