// U = users, I = items, D = width of the vectors, K = width of the lists, T = items of a tile, B = users of a block
import * as tf from "@tensorflow/tfjs";
import { ConfigError, DataError, ShapeError } from "../errors.ts";
import { assertCount } from "./argument-checks.ts";
import { assertAllFinite } from "./finite-rows.ts";
import { ascendingOrder } from "./stable-order.ts";
import { GROUP, type TopColumns, topColumns } from "./top-columns.ts";
import { assertItemSets, type ItemSets, itemsOf, NO_ITEM, type TopLists } from "./top-lists.ts";

/** Blocks up to here are reused by the C library's allocator; larger ones are mapped and zeroed anew each time. */
const DEFAULT_BLOCK_BYTES = 2 ** 25;
const SMALLEST_BLOCK_BYTES = 2 ** 12;
const LARGEST_TILE = 2 ** 16;

export interface TopItemsOptions {
  /** Items wanted for each user, >= 1; more than the corpus has is allowed. */
  readonly k: number;
  /** Items that must not be listed (seen in training), for each of the U users. Default: none. */
  readonly seen?: ItemSets;
  /** [I] added to every user's score of the item. Default: none. */
  readonly itemBias?: tf.Tensor1D;
  /** Bytes that one block of scores may take, >= 4096. Default 32 MiB; a GPU likes more. */
  readonly maxBlockBytes?: number;
}

/** Top lists with their scores. */
export interface ScoredLists extends TopLists {
  /** [U, K] user . item + bias, falling; -Infinity beside NO_ITEM. */
  readonly scores: Float32Array;
}

/**
 * The k best items of the whole corpus for each user, exactly: score = user . item + bias, seen items left out, equal
 * scores by lower item number. Scores exist for one block of users and one tile of items at a time; nothing is sampled.
 *
 * @param userVectors - [U, D] finite. @param itemVectors - [I, D] finite, I >= 1.
 * @returns [U, k]; NO_ITEM where a user has fewer than k unseen items. No tensor is left behind.
 * @throws {ShapeError} widths or numbers differ. @throws {DataError} vectors that are not finite, seen items >= I.
 * @throws {ConfigError} k < 1, maxBlockBytes < 4096.
 */
export async function topItems(
  userVectors: tf.Tensor2D,
  itemVectors: tf.Tensor2D,
  options: TopItemsOptions,
): Promise<ScoredLists> {
  await checkArguments(userVectors, itemVectors, options);
  const { k, seen, itemBias, maxBlockBytes = DEFAULT_BLOCK_BYTES } = options;
  const [users] = userVectors.shape;
  const lists: ScoredLists = {
    users,
    width: k,
    items: new Int32Array(users * k).fill(NO_ITEM),
    scores: new Float32Array(users * k).fill(Number.NEGATIVE_INFINITY),
  };
  const order = ascendingOrder(Int32Array.from({ length: users }, (_, user) => seenBy(user, seen).length));
  for (const [first, width] of itemTiles(itemVectors.shape[0], maxBlockBytes)) {
    const tile = itemTile(itemVectors, itemBias, first, width);
    const size = Math.max(1, Math.floor(maxBlockBytes / (4 * width)));
    for (let start = 0; start < users; start += size) {
      const block = order.subarray(start, start + size);
      // As many as can be hidden, so that k remain; users of a block have about equally long histories.
      const wanted = Math.min(width, k + seenBy(block.at(-1)!, seen).length);
      const found = await topColumns(() => blockScores(userVectors, block, tile), wanted);
      for (const [row, user] of block.entries()) merge(lists, user, { found, row, first }, seenBy(user, seen));
    }
    tf.dispose(tile);
  }
  return lists;
}

/** First item and width of each tile: multiples of GROUP as wide as fits, and at the end the few items left over. */
function itemTiles(items: number, maxBlockBytes: number): readonly (readonly [first: number, width: number])[] {
  const widest = Math.min(LARGEST_TILE, Math.floor(maxBlockBytes / 4 / GROUP) * GROUP);
  const tiles: (readonly [number, number])[] = [];
  for (let first = 0; first < items; first += tiles.at(-1)![1]) {
    const left = items - first;
    const multiple = Math.floor(left / GROUP) * GROUP;
    tiles.push([first, Math.min(widest, multiple > 0 ? multiple : left)]);
  }
  return tiles;
}

/** [T, D] vectors of a tile and, where there are biases, theirs as [1, T]. */
function itemTile(items: tf.Tensor2D, bias: tf.Tensor1D | undefined, first: number, width: number): tf.Tensor2D[] {
  const vectors = items.slice([first, 0], [width, items.shape[1]]);
  return bias === undefined ? [vectors] : [vectors, tf.tidy(() => bias.slice([first], [width]).as2D(1, width))];
}

/** [B, T] */
function blockScores(userVectors: tf.Tensor2D, users: Int32Array, [vectors, bias]: tf.Tensor2D[]): tf.Tensor2D {
  const rows = tf.gather(userVectors, tf.tensor1d(users, "int32"));
  const scores: tf.Tensor2D = tf.matMul(rows, vectors!, false, true);
  return bias === undefined ? scores : scores.add<tf.Tensor2D>(bias);
}

/** Merges a tile's best items, without the seen ones, into a user's list; listed items have lower numbers, so win ties. */
function merge(
  { width: k, items, scores }: ScoredLists,
  user: number,
  { found, row, first }: { readonly found: TopColumns; readonly row: number; readonly first: number },
  seen: Int32Array,
): void {
  const [start, end] = [user * k, (user + 1) * k];
  let next = row * found.count;
  const last = next + found.count;
  if (!(found.scores[next]! > scores[end - 1]!)) return;
  const hidden = new Set(seen);
  const [heldItems, heldScores] = [items.slice(start, end), scores.slice(start, end)];
  let held = 0;
  for (let place = start; place < end; place++) {
    while (next < last && hidden.has(first + found.columns[next]!)) next++;
    const takesFound = next < last && found.scores[next]! > heldScores[held]!;
    items[place] = takesFound ? first + found.columns[next]! : heldItems[held]!;
    scores[place] = takesFound ? found.scores[next++]! : heldScores[held++]!;
  }
}

function seenBy(user: number, seen: ItemSets | undefined): Int32Array {
  return seen === undefined ? new Int32Array(0) : itemsOf(seen, user);
}

async function checkArguments(users: tf.Tensor2D, items: tf.Tensor2D, options: TopItemsOptions): Promise<void> {
  const { k, seen, itemBias, maxBlockBytes = DEFAULT_BLOCK_BYTES } = options;
  assertCount("topItems", "k", k);
  if (!(maxBlockBytes >= SMALLEST_BLOCK_BYTES)) {
    throw new ConfigError(`topItems: maxBlockBytes must be >= ${SMALLEST_BLOCK_BYTES}, got ${maxBlockBytes}`);
  }
  const itemCount = items.shape[0];
  const biasFits = itemBias === undefined || itemBias.shape[0] === itemCount;
  if (users.shape[1] !== items.shape[1] || itemCount === 0 || !biasFits) {
    const got = `[${users.shape}], [${items.shape}]${itemBias === undefined ? "" : `, [${itemBias.shape}]`}`;
    const rule = "userVectors, itemVectors, itemBias must be [U, D], [I, D], [I] with I >= 1";
    throw new ShapeError(`topItems: ${rule}, got ${got}`);
  }
  if (seen !== undefined) {
    assertItemSets("topItems", "seen", seen, users.shape[0]);
    const beyond = seen.items.find((item) => item >= itemCount);
    if (beyond !== undefined) throw new DataError(`topItems: seen must hold items below ${itemCount}, got ${beyond}`);
  }
  await assertAllFinite("topItems", "userVectors", users);
  await assertAllFinite("topItems", "itemVectors", items);
  if (itemBias === undefined) return;
  const column = itemBias.expandDims<tf.Tensor2D>(1);
  await assertAllFinite("topItems", "itemBias", column).finally(() => column.dispose());
}
