// B = rows in a batch, b <= B = rows that are real, N = 1 + negatives of each row, L = values of a multi feature
import { permutation, type RandomStream } from "../random.ts";
import type { Batch, HostTensor, NegativesSpec } from "./batch.ts";
import { type BatchInput, copyRow, rowExtras, takeRows } from "./batch-rows.ts";
import type { FeatureSpec } from "./dataset.ts";
import { drawNegatives, NO_ITEM } from "./negatives.ts";
import { pairReader } from "./pairs/pair-reader.ts";

/** What a batch of lists is made from. */
export interface ListBatchInput extends BatchInput {
  readonly negatives: NegativesSpec;
  readonly stream: RandomStream;
}

/**
 * A batch of lists: each row's own item, then its negatives. user/* and what belongs to the row are [B]; item/*,
 * context/*, labels, mask, itemIndex and logQ are [B, N]. Negatives have label 0 and the row's context.
 */
export function listBatch(input: ListBatchInput): Batch {
  const { data, spec, features, sampler, negatives } = input;
  const places = negatives.kind === "stored" ? storedPlaces(input) : undefined;
  const items = places === undefined ? itemLists(input) : storedItems(input, places);
  const shape = [spec.size, 1 + negatives.count];
  const batch: Record<string, HostTensor> = {};
  for (const feature of features) batch[`${feature.role}/${feature.name}`] = listFeature(feature, input, items);
  for (const label of spec.labels) {
    const values = data.labels.get(label)!;
    batch[`label/${label}`] = { data: ofOwnItem(values, input), shape };
  }
  const itemIndex = new Int32Array(items.length);
  const mask = new Float32Array(items.length);
  const logQ = new Float32Array(items.length);
  for (const [k, item] of items.entries()) {
    if (item === NO_ITEM) continue;
    itemIndex[k] = item;
    mask[k] = 1;
    logQ[k] = sampler.logQ[item]!;
  }
  batch.itemIndex = { data: itemIndex, shape };
  batch.mask = { data: mask, shape };
  batch.logQ = { data: logQ, shape };
  return Object.assign(batch, rowExtras(input), listScores(input, places));
}

/** [B * N] item numbers, NO_ITEM in padding and where nothing could be drawn. */
function itemLists({ data, spec, rows, sampler, negatives, stream }: ListBatchInput): Int32Array {
  const { count, excludeKnown } = negatives;
  const drawn = drawNegatives(data, { rows, count, excludeKnown, sampler, stream });
  const items = new Int32Array(spec.size * (1 + count)).fill(NO_ITEM);
  for (let i = 0; i < rows.length; i++) {
    items[i * (1 + count)] = data.items.rowEntity[rows[i]!]!;
    items.set(drawn.subarray(i * count, (i + 1) * count), i * (1 + count) + 1);
  }
  return items;
}

/** [B * (N - 1)] places among each row's stored candidates, drawn without repetition; -1 where there is none. */
function storedPlaces({ data, spec, rows, negatives, stream }: ListBatchInput): Int32Array {
  const { width, items } = data.stored!.candidates!;
  const places = new Int32Array(spec.size * negatives.count).fill(-1);
  for (let i = 0; i < rows.length; i++) {
    const own = items.subarray(rows[i]! * width, (rows[i]! + 1) * width);
    const real = permutation(width, stream).filter((place) => own[place] !== NO_ITEM);
    places.set(real.subarray(0, negatives.count), i * negatives.count);
  }
  return places;
}

/** [B * N] the rows' own items, and their stored candidates at the places. */
function storedItems({ data, spec, rows, negatives: { count } }: ListBatchInput, places: Int32Array): Int32Array {
  const { width, items: stored } = data.stored!.candidates!;
  const items = new Int32Array(spec.size * (1 + count)).fill(NO_ITEM);
  for (let i = 0; i < rows.length; i++) {
    items[i * (1 + count)] = data.items.rowEntity[rows[i]!]!;
    for (let j = 0; j < count; j++) {
      const place = places[i * count + j]!;
      if (place >= 0) items[i * (1 + count) + j + 1] = stored[rows[i]! * width + place]!;
    }
  }
  return items;
}

/** Stored scores of lists, [B, N]: of the rows' own items, and of negatives that come from the store. */
function listScores(
  { data, spec, rows, negatives: { count } }: ListBatchInput,
  places: Int32Array | undefined,
): Record<string, HostTensor> {
  const { stored } = data;
  if (stored === undefined) return {};
  const shape = [spec.size, 1 + count];
  const fill = (own: Float32Array | undefined, others: Float32Array | 1 | undefined): HostTensor => {
    const values = new Float32Array(spec.size * (1 + count));
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (own !== undefined) values[i * (1 + count)] = own[row]!;
      for (let j = 0; places !== undefined && others !== undefined && j < count; j++) {
        const place = places[i * count + j]!;
        if (place < 0) continue;
        values[i * (1 + count) + j + 1] = others === 1 ? 1 : others[row * stored.candidates!.width + place]!;
      }
    }
    return { data: values, shape };
  };
  const scores = stored.heads.map(
    (head) => [`score/${head}`, fill(stored.rows?.scores.get(head), stored.candidates?.scores.get(head))] as const,
  );
  return { ...Object.fromEntries(scores), "score/mask": fill(stored.rows?.mask, 1) };
}

function listFeature(feature: FeatureSpec, input: ListBatchInput, items: Int32Array): HostTensor {
  const { data, spec, rows, negatives } = input;
  if (feature.role === "cross") return pairLists(feature, input, items);
  const column = data.columns.get(feature.name)!;
  if (feature.role === "user") return takeRows(column, { rows, size: spec.size });
  const { width } = column;
  const numItems = 1 + negatives.count;
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

/** A pair feature of each row's user with its own item and with each negative. */
function pairLists(
  feature: FeatureSpec,
  { data, spec, rows, negatives }: ListBatchInput,
  items: Int32Array,
): HostTensor {
  const read = pairReader(data, feature.name);
  const numItems = 1 + negatives.count;
  const taken = feature.kind === "ids" ? new Int32Array(items.length) : new Float32Array(items.length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < numItems; j++) {
      const at = i * numItems + j;
      if (items[at] !== NO_ITEM) taken[at] = read({ row: rows[i]!, item: items[at]!, own: j === 0 });
    }
  }
  return { data: taken, shape: [spec.size, numItems] };
}

function ofOwnItem(values: Float32Array, { spec, rows, negatives }: ListBatchInput): Float32Array {
  const numItems = 1 + negatives.count;
  const taken = new Float32Array(spec.size * numItems);
  for (let i = 0; i < rows.length; i++) taken[i * numItems] = values[rows[i]!]!;
  return taken;
}
