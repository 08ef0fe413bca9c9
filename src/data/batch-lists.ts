// B = rows in a batch, b <= B = rows that are real, N = 1 + negatives of each row, L = values of a multi feature
import { permutation, type RandomStream } from "../random.ts";
import { type Batch, type HostTensor, listLength } from "./batch.ts";
import { type BatchInput, copyRow, rowExtras, takeRows } from "./batch-rows.ts";
import type { FeatureSpec } from "./dataset.ts";
import { isStored, type NegativeSource } from "./negative-sources.ts";
import { drawFromSource, NO_ITEM } from "./negatives.ts";
import { pairReader } from "./pairs/pair-reader.ts";

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
  const drawn = drawLists(input);
  const { items } = drawn;
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
  return Object.assign(batch, rowExtras(input), listScores(input, drawn));
}

/** Items of the lists of a batch, [B * N]. */
interface Drawn {
  /** Item numbers, NO_ITEM in padding and where nothing could be drawn. */
  readonly items: Int32Array;
  /** Places among the row's stored candidates, -1 for what does not come from there. */
  readonly places: Int32Array;
}

/** The rows' own items, then those of each source. */
function drawLists(input: ListBatchInput): Drawn {
  const { data, spec, rows, sources, stream } = input;
  const length = listLength(spec);
  const items = new Int32Array(spec.size * length).fill(NO_ITEM);
  const places = new Int32Array(items.length).fill(-1);
  for (let i = 0; i < rows.length; i++) items[i * length] = data.items.rowEntity[rows[i]!]!;
  let column = 1;
  for (const source of sources) {
    const { count } = source.spec;
    const drawn = isStored(source)
      ? storedPlaces(input, count)
      : { items: drawFromSource(data, source, { rows, stream }) };
    for (let i = 0; i < rows.length; i++) {
      const [from, to, at] = [i * count, (i + 1) * count, i * length + column];
      items.set(drawn.items.subarray(from, to), at);
      if ("places" in drawn) places.set(drawn.places.subarray(from, to), at);
    }
    column += count;
  }
  return { items, places };
}

/** [b * count] stored candidates of each row, drawn without repetition, and their places; -1 where there is none. */
function storedPlaces({ data, rows, stream }: ListBatchInput, count: number): Drawn {
  const { width, items: stored } = data.stored!.candidates!;
  const places = new Int32Array(rows.length * count).fill(-1);
  const items = new Int32Array(places.length).fill(NO_ITEM);
  for (let i = 0; i < rows.length; i++) {
    const own = stored.subarray(rows[i]! * width, (rows[i]! + 1) * width);
    const real = permutation(width, stream).filter((place) => own[place] !== NO_ITEM);
    real.subarray(0, count).forEach((place, j) => {
      places[i * count + j] = place;
      items[i * count + j] = own[place]!;
    });
  }
  return { items, places };
}

/**
 * For each place of a list, the log probability of every item to be drawn there; that of the row's own item is its
 * probability under the first source. Exposures, rankings and stores have none: theirs is 0.
 */
function columnLogQ({ data, sources }: ListBatchInput): readonly Float32Array[] {
  const unknown = new Float32Array(data.items.size);
  const ofSource = (source: NegativeSource): Float32Array => ("sampler" in source ? source.sampler.logQ : unknown);
  const drawn = sources.flatMap((source) => new Array<Float32Array>(source.spec.count).fill(ofSource(source)));
  return [ofSource(sources[0]!), ...drawn];
}

/** Stored scores of lists, [B, N]: of the rows' own items, and of negatives that come from the store. */
function listScores({ data, spec, rows }: ListBatchInput, { places }: Drawn): Record<string, HostTensor> {
  const { stored } = data;
  if (stored === undefined) return {};
  const length = listLength(spec);
  const shape = [spec.size, length];
  const fill = (own: Float32Array | undefined, others: Float32Array | 1 | undefined): HostTensor => {
    const values = new Float32Array(places.length);
    rows.forEach((row, i) => {
      if (own !== undefined) values[i * length] = own[row]!;
      for (let at = i * length + 1; others !== undefined && at < (i + 1) * length; at++)
        if (places[at]! >= 0) values[at] = others === 1 ? 1 : others[row * stored.candidates!.width + places[at]!]!;
    });
    return { data: values, shape };
  };
  const scores = stored.heads.map(
    (head) => [`score/${head}`, fill(stored.rows?.scores.get(head), stored.candidates?.scores.get(head))] as const,
  );
  return { ...Object.fromEntries(scores), "score/mask": fill(stored.rows?.mask, 1) };
}

function listFeature(feature: FeatureSpec, input: ListBatchInput, items: Int32Array): HostTensor {
  const { data, spec, rows } = input;
  if (feature.role === "cross") return pairLists(feature, input, items);
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

/** A pair feature of each row's user with its own item and with each negative. */
function pairLists(feature: FeatureSpec, { data, spec, rows }: ListBatchInput, items: Int32Array): HostTensor {
  const read = pairReader(data, feature.name);
  const numItems = listLength(spec);
  const taken = feature.kind === "ids" ? new Int32Array(items.length) : new Float32Array(items.length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = 0; j < numItems; j++) {
      const at = i * numItems + j;
      if (items[at] !== NO_ITEM) taken[at] = read({ row: rows[i]!, item: items[at]!, own: j === 0 });
    }
  }
  return { data: taken, shape: [spec.size, numItems] };
}

function ofOwnItem(values: Float32Array, { spec, rows }: ListBatchInput): Float32Array {
  const numItems = listLength(spec);
  const taken = new Float32Array(spec.size * numItems);
  for (let i = 0; i < rows.length; i++) taken[i * numItems] = values[rows[i]!]!;
  return taken;
}
