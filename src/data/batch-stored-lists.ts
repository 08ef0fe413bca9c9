// U = lists in a batch, N = items of each: first those from the top, in their order, then the others
import { permutation, type RandomStream, randomStream } from "../random.ts";
import type { Batch, HostTensor } from "./batch.ts";
import { copyRow, takeRows } from "./batch-rows.ts";
import type { BatchData, FeatureSpec } from "./dataset.ts";
import { NO_ITEM } from "./negatives.ts";
import { pairReader } from "./pairs/pair-reader.ts";
import type { ListItems, StoredListSpec, StoredLists } from "./stored-scores.ts";

export interface StoredListInput {
  readonly data: BatchData;
  readonly lists: StoredLists;
  readonly spec: StoredListSpec;
  readonly heads: readonly string[];
  readonly features: readonly FeatureSpec[];
  readonly seed: number;
  /** Number of the batch in the run, from 0. */
  readonly step: number;
}

/** Items of all lists of a batch: [U * N] places in the stored lists, -1 where there is none. */
interface Chosen {
  readonly lists: Int32Array;
  readonly places: Int32Array;
  readonly items: Int32Array;
}

/**
 * Some lists with their scores, as arrays `lists/...` of a batch: `lists/user/*` [U], `lists/item/*`, `lists/context/*`,
 * `lists/score/<head>`, `lists/mask` and `lists/itemIndex` [U, N].
 *
 * Lists come in random orders one after the other: each is in a batch once before any comes again.
 */
export function storedListBatch(input: StoredListInput): Batch {
  const { data, lists, spec, heads, features } = input;
  const chosen = choose(input);
  const shape = [spec.users, spec.top + spec.uniform];
  const rows = chosen.lists.map((list) => lists.rows[list]!);
  const batch: Record<string, HostTensor> = {};
  for (const feature of features)
    batch[`lists/${feature.role}/${feature.name}`] = listFeature(feature, data, { rows, items: chosen.items, shape });
  for (const head of heads) batch[`lists/score/${head}`] = { data: scoresOf(head, lists, spec, chosen), shape };
  batch["lists/mask"] = { data: Float32Array.from(chosen.items, (item) => (item === NO_ITEM ? 0 : 1)), shape };
  batch["lists/itemIndex"] = { data: chosen.items.map((item) => Math.max(item, 0)), shape };
  batch["lists/userIndex"] = { data: rows.map((row) => data.users.rowEntity[row]!), shape: [spec.users] };
  return batch;
}

function choose({ lists, spec, seed, step }: StoredListInput): Chosen {
  const numbers = listNumbers(lists, spec.users, { seed, step });
  const length = spec.top + spec.uniform;
  const places = new Int32Array(numbers.length * length).fill(-1);
  const items = new Int32Array(places.length).fill(NO_ITEM);
  for (const [i, list] of numbers.entries()) {
    const stream = randomStream(seed, "list items", step, i);
    const top = lists.top && drawTop(lists.top, list, spec, stream);
    const best = lists.top && itemsOf(lists.top, list, spec.of);
    const uniform = lists.uniform && drawUniform(lists.uniform, list, spec.uniform, { best, stream });
    const fill = (from: ListItems, drawn: Int32Array, at: number): void =>
      drawn.forEach((place, j) => {
        places[i * length + at + j] = place;
        items[i * length + at + j] = from.items[list * from.width + place]!;
      });
    if (top) fill(lists.top!, top, 0);
    if (uniform) fill(lists.uniform!, uniform, spec.top);
  }
  return { lists: numbers, places, items };
}

/** Numbers of the batch's lists. */
function listNumbers(
  lists: StoredLists,
  count: number,
  { seed, step }: { readonly seed: number; readonly step: number },
): Int32Array {
  const numLists = lists.rows.length;
  return Int32Array.from({ length: count }, (_, i) => {
    const position = step * count + i;
    return orderOf(lists, seed, Math.floor(position / numLists))[position % numLists]!;
  });
}

const orders = new WeakMap<StoredLists, Map<string, Int32Array>>();

function orderOf(lists: StoredLists, seed: number, round: number): Int32Array {
  const known = orders.get(lists) ?? new Map<string, Int32Array>();
  orders.set(lists, known);
  const key = `${seed} ${round}`;
  const found = known.get(key) ?? permutation(lists.rows.length, randomStream(seed, "list order", round));
  // A batch lies in two rounds at most, but for lists fewer than a batch holds.
  if (!known.has(key) && known.size >= 4) known.clear();
  known.set(key, found);
  return found;
}

/** Places drawn from the best ones without repetition, rising. */
function drawTop(top: ListItems, list: number, spec: StoredListSpec, stream: RandomStream): Int32Array {
  const length = itemsOf(top, list, spec.of).length;
  const { rankTemperature } = spec;
  // The largest keys of log probability + Gumbel noise are a draw without repetition; equal ones need no logarithm.
  const keys = Float64Array.from({ length }, (_, rank) => {
    const noise = stream.uniform();
    return rankTemperature === undefined ? noise : -rank / rankTemperature - Math.log(-Math.log(noise + 2 ** -25));
  });
  const places = Int32Array.from(keys.keys()).sort((a, b) => keys[b]! - keys[a]! || a - b);
  return places.subarray(0, spec.top).sort();
}

/** Places of items that are not among the best, without repetition. */
function drawUniform(
  uniform: ListItems,
  list: number,
  count: number,
  { best, stream }: { readonly best: Int32Array | undefined; readonly stream: RandomStream },
): Int32Array {
  const items = itemsOf(uniform, list, uniform.width);
  const order = permutation(items.length, stream);
  const taken = new Set(best);
  return order.filter((place) => !taken.has(items[place]!)).subarray(0, count);
}

/** Items of a list without padding, at most `most`. */
function itemsOf({ items, width }: ListItems, list: number, most: number): Int32Array {
  const own = items.subarray(list * width, list * width + Math.min(width, most));
  const end = own.indexOf(NO_ITEM);
  return end < 0 ? own : own.subarray(0, end);
}

function scoresOf(head: string, lists: StoredLists, spec: StoredListSpec, chosen: Chosen): Float32Array {
  const length = spec.top + spec.uniform;
  const scores = new Float32Array(chosen.places.length);
  for (const [k, place] of chosen.places.entries()) {
    if (place < 0) continue;
    const from = (k % length < spec.top ? lists.top : lists.uniform)!;
    scores[k] = from.scores.get(head)![chosen.lists[Math.floor(k / length)]! * from.width + place]!;
  }
  return scores;
}

interface ListShape {
  readonly rows: Int32Array;
  readonly items: Int32Array;
  readonly shape: readonly number[];
}

/** A feature of lists: of the rows' users [U], of the items or of the rows' contexts [U, N]; padding is 0. */
function listFeature(feature: FeatureSpec, data: BatchData, { rows, items, shape }: ListShape): HostTensor {
  if (feature.role === "cross") return crossLists(feature, data, { rows, items, shape });
  const column = data.columns.get(feature.name)!;
  if (feature.role === "user") return takeRows(column, { rows, size: rows.length });
  const { width } = column;
  const ofItems = feature.role === "item" ? data.items.features.get(feature.name)!.data : undefined;
  const size = items.length * width;
  const taken = column.data instanceof Int32Array ? new Int32Array(size) : new Float32Array(size);
  for (const [at, item] of items.entries()) {
    if (item === NO_ITEM) continue;
    if (ofItems !== undefined) copyRow(ofItems, item, { into: taken, at, width });
    else copyRow(column.data, rows[Math.floor(at / shape[1]!)]!, { into: taken, at, width });
  }
  return { data: taken, shape: feature.kind === "multi" ? [...shape, width] : [...shape] };
}

/** A pair feature of the rows' users with their items: [U, N]. */
function crossLists(feature: FeatureSpec, data: BatchData, { rows, items, shape }: ListShape): HostTensor {
  const read = pairReader(data, feature.name);
  const taken = feature.kind === "ids" ? new Int32Array(items.length) : new Float32Array(items.length);
  for (const [at, item] of items.entries())
    if (item !== NO_ITEM) taken[at] = read({ row: rows[Math.floor(at / shape[1]!)]!, item, own: false });
  return { data: taken, shape: [...shape] };
}
