// B = lists of a batch, N = items a list
import type { Dataset } from "../../data/dataset.ts";
import type { HostBatch, HostTensor } from "../../engine/step.ts";
import { NO_ITEM } from "../../eval/index.ts";
import { permutation, type RandomStream } from "../../random.ts";
import { itemListBatch } from "../evaluation/teacher-scores.ts";
import { type Exposures, labelLists } from "./exposures.ts";
import type { ItemLists } from "./score-pairs.ts";
import type { StageLabels } from "./stage-model.ts";

/** Lists with what steps need beside their features, by name, [lists, N] each. */
export interface LabelledLists {
  readonly lists: ItemLists;
  readonly values: Readonly<Record<string, Float32Array>>;
}

/** Adds labels and exposure to lists. */
export function withLabels(
  dataset: Dataset,
  exposures: Exposures,
  labels: StageLabels,
  lists: ItemLists,
): LabelledLists {
  const { exposed, click, conversion, propensity } = labelLists(dataset, exposures, lists);
  const named = { [`label/${labels.click}`]: click, [`label/${labels.conversion}`]: conversion };
  return { lists, values: { exposed, propensity, ...named } };
}

/** Adds the scores of tutors that stand still. */
export function withTutors(
  { lists, values }: LabelledLists,
  tutors: readonly (readonly [stage: string, scores: Float32Array])[],
): LabelledLists {
  const scores = tutors.map(([stage, all]) => [`tutor/${stage}`, all.map(finite)] as const);
  return { lists, values: { ...values, ...Object.fromEntries(scores) } };
}

const finite = (score: number): number => (score === Number.NEGATIVE_INFINITY ? 0 : score);

/** Number of batches in an epoch; the last one may be padded. */
export const listBatches = ({ rows }: Pick<ItemLists, "rows">, size: number): number => Math.ceil(rows.length / size);

/** The order of an epoch's lists. */
export const listOrder = ({ rows }: Pick<ItemLists, "rows">, stream: RandomStream): Int32Array =>
  permutation(rows.length, stream);

/** A batch of whole lists: user/* [B], item/*, context/*, cross/*, labels and mask [B, N], weight [B]. */
export function makeListBatch(
  dataset: Dataset,
  { lists, values }: LabelledLists,
  order: Int32Array,
  { index, size }: { readonly index: number; readonly size: number },
): HostBatch {
  const { length } = lists;
  const chosen = order.subarray(index * size, (index + 1) * size);
  const take = <T extends Int32Array | Float32Array>(all: T, into: T): T => {
    for (const [i, list] of chosen.entries()) into.set(all.subarray(list * length, (list + 1) * length), i * length);
    return into;
  };
  const items = take(lists.items, new Int32Array(size * length).fill(NO_ITEM));
  const rows = new Int32Array(size).fill(lists.rows[chosen[0]!]!);
  for (const [i, list] of chosen.entries()) rows[i] = lists.rows[list]!;
  const shape = [size, length];
  const batch: Record<string, HostTensor> = {
    ...itemListBatch(
      dataset,
      rows,
      items.map((item) => Math.max(0, item)),
      length,
    ),
    mask: { data: Float32Array.from(items, (item) => (item === NO_ITEM ? 0 : 1)), shape },
    weight: { data: Float32Array.from({ length: size }, (_, i) => (i < chosen.length ? 1 : 0)), shape: [size] },
  };
  for (const [name, all] of Object.entries(values))
    batch[name] = { data: take(all, new Float32Array(size * length)), shape };
  return batch;
}

/** For each of a batch's rows the items of all its rows: lists [B, B], the row's own item on the diagonal. */
export function inBatchLists(dataset: Dataset, rows: Int32Array): ItemLists {
  const items = new Int32Array(rows.length * rows.length);
  const own = rows.map((row) => dataset.items.rowEntity[row]!);
  for (let i = 0; i < rows.length; i++) items.set(own, i * rows.length);
  return { rows, length: rows.length, items };
}
