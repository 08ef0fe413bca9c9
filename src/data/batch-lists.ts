// B = rows in a batch, b <= B = rows that are real, N = 1 + negatives of each row, L = values of a multi feature
import type { RandomStream } from "../random.ts";
import { type Batch, type HostTensor, listLength } from "./batch.ts";
import { type BatchInput, copyRow, rowExtras, takeRows } from "./batch-rows.ts";
import type { FeatureSpec } from "./dataset.ts";
import type { NegativeSource } from "./negative-sources.ts";
import { drawFromSource, NO_ITEM } from "./negatives.ts";

/** What a batch of lists is made from. */
export interface ListBatchInput extends BatchInput {
  readonly sources: readonly NegativeSource[];
  readonly stream: RandomStream;
}

/**
 * A batch of lists: each row's own item, then its negatives. user/* and what belongs to the row are [B]; item/*,
 * context/*, labels, mask, itemIndex and logQ are [B, N]. Negatives have label 0 and the row's context.
 */
export function listBatch(input: ListBatchInput): Batch {
  const { data, spec, features } = input;
  const items = itemLists(input);
  const shape = [spec.size, listLength(spec)] as const;
  const batch: Record<string, HostTensor> = {};
  for (const feature of features) batch[`${feature.role}/${feature.name}`] = listFeature(feature, input, items);
  for (const label of spec.labels) {
    const values = data.labels.get(label)!;
    batch[`label/${label}`] = { data: ofOwnItem(values, input), shape };
  }
  const itemIndex = new Int32Array(items.length);
  const mask = new Float32Array(items.length);
  const logQ = new Float32Array(items.length);
  const logQOf = columnLogQ(input);
  for (const [k, item] of items.entries()) {
    if (item === NO_ITEM) continue;
    itemIndex[k] = item;
    mask[k] = 1;
    logQ[k] = logQOf[k % shape[1]]![item]!;
  }
  batch.itemIndex = { data: itemIndex, shape };
  batch.mask = { data: mask, shape };
  batch.logQ = { data: logQ, shape };
  return Object.assign(batch, rowExtras(input));
}

/** [B * N] item numbers, NO_ITEM in padding and where nothing could be drawn. */
function itemLists({ data, spec, rows, sources, stream }: ListBatchInput): Int32Array {
  const length = listLength(spec);
  const items = new Int32Array(spec.size * length).fill(NO_ITEM);
  for (let i = 0; i < rows.length; i++) items[i * length] = data.items.rowEntity[rows[i]!]!;
  let column = 1;
  for (const source of sources) {
    const { count } = source.spec;
    const drawn = drawFromSource(data, source, { rows, stream });
    for (let i = 0; i < rows.length; i++) items.set(drawn.subarray(i * count, (i + 1) * count), i * length + column);
    column += count;
  }
  return items;
}

/**
 * For each place of a list, the log probability of every item to be drawn there; that of the row's own item is its
 * probability under the first source. Exposures and rankings have none: theirs is 0.
 */
function columnLogQ({ data, sources }: ListBatchInput): readonly Float32Array[] {
  const unknown = new Float32Array(data.items.size);
  const ofSource = (source: NegativeSource): Float32Array => ("sampler" in source ? source.sampler.logQ : unknown);
  const drawn = sources.flatMap((source) => new Array<Float32Array>(source.spec.count).fill(ofSource(source)));
  return [ofSource(sources[0]!), ...drawn];
}

function listFeature(feature: FeatureSpec, input: ListBatchInput, items: Int32Array): HostTensor {
  const { data, spec, rows } = input;
  const column = data.columns.get(feature.name)!;
  if (feature.role === "user") return takeRows(column, { rows, size: spec.size });
  const { width } = column;
  const numItems = listLength(spec);
  const ofItems = feature.role === "item" ? data.items.features.get(feature.name)!.data : undefined;
  const length = spec.size * numItems * width;
  const taken = column.data instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < numItems; j++) {
      const at = i * numItems + j;
      if (items[at] === NO_ITEM) continue;
      // The row keeps its own values of the item's features; negatives have those of the catalogue.
      if (j === 0 || ofItems === undefined) copyRow(column.data, rows[i]!, { into: taken, at, width });
      else copyRow(ofItems, items[at]!, { into: taken, at, width });
    }
  }
  return { data: taken, shape: width === 1 ? [spec.size, numItems] : [spec.size, numItems, width] };
}

function ofOwnItem(values: Float32Array, { spec, rows }: ListBatchInput): Float32Array {
  const numItems = listLength(spec);
  const taken = new Float32Array(spec.size * numItems);
  for (let i = 0; i < rows.length; i++) taken[i * numItems] = values[rows[i]!]!;
  return taken;
}
