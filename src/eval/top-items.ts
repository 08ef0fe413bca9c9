// U = users, I = items, D = width of the vectors, B = users of a block, C = candidates drawn for each of them
import * as tf from "@tensorflow/tfjs";
import { ConfigError, DataError, ShapeError } from "../errors.ts";
import { assertCount } from "./argument-checks.ts";
import { assertAllFinite } from "./finite-rows.ts";
import { ascendingOrder } from "./stable-order.ts";
import { assertItemSets, type ItemSets, itemsOf, NO_ITEM, type TopLists } from "./top-lists.ts";

const DEFAULT_BLOCK_BYTES = 256 * 2 ** 20;

export interface TopItemsOptions {
  /** Items wanted for each user, >= 1; more than the corpus has is allowed. */
  readonly k: number;
  /** Items that must not be listed (seen in training), for each of the U users. Default: none. */
  readonly seen?: ItemSets;
  /** [I] added to every user's score of the item. Default: none. */
  readonly itemBias?: tf.Tensor1D;
  /** Bytes that the scores of one block of users and its candidates may take. Default 256 MiB. */
  readonly maxBlockBytes?: number;
}

/** Top lists with their scores. */
export interface ScoredLists extends TopLists {
  /** [U, K] user . item + bias, falling; -Infinity beside NO_ITEM. */
  readonly scores: Float32Array;
}

/**
 * The k best items of the whole corpus for each user, exactly: score = user . item + bias, seen items left out, equal
 * scores by lower item number. Users are taken in blocks that fit into `maxBlockBytes`; nothing is sampled.
 *
 * @param userVectors - [U, D] finite. @param itemVectors - [I, D] finite, I >= 1.
 * @returns [U, k]; NO_ITEM where a user has fewer than k unseen items. No tensor is left behind.
 * @throws {ShapeError} widths or numbers differ. @throws {DataError} vectors that are not finite, seen items >= I.
 * @throws {ConfigError} k < 1, or not even one user fits into `maxBlockBytes`.
 */
export async function topItems(
  userVectors: tf.Tensor2D,
  itemVectors: tf.Tensor2D,
  options: TopItemsOptions,
): Promise<ScoredLists> {
  await checkArguments(userVectors, itemVectors, options);
  const [users] = userVectors.shape;
  const { k, seen } = options;
  const lists: ScoredLists = {
    users,
    width: k,
    items: new Int32Array(users * k).fill(NO_ITEM),
    scores: new Float32Array(users * k).fill(Number.NEGATIVE_INFINITY),
  };
  const biased = withBias(userVectors, itemVectors, options.itemBias);
  try {
    for (const block of userBlocks(users, itemVectors.shape[0], options)) {
      const candidates = await bestCandidates(biased, block);
      for (const [row, user] of block.users.entries()) keepUnseen(lists, user, candidates, row, seen);
    }
  } finally {
    biased.dispose();
  }
  return lists;
}

interface UserBlock {
  readonly users: Int32Array;
  /** k plus the longest history in the block: enough to fill k places when all of it ranks on top. */
  readonly candidates: number;
}

/** Blocks of users with about equally long histories, so that one long history does not widen everybody's block. */
function userBlocks(users: number, items: number, { k, seen, maxBlockBytes }: TopItemsOptions): readonly UserBlock[] {
  const seenCount = (user: number): number => (seen === undefined ? 0 : itemsOf(seen, user).length);
  const counts = Int32Array.from({ length: users }, (_, user) => seenCount(user));
  const order = ascendingOrder(counts);
  const mostCandidates = Math.min(items, k + (users > 0 ? counts[order[users - 1]!]! : 0));
  const userBytes = 4 * items + 8 * mostCandidates;
  const size = Math.floor((maxBlockBytes ?? DEFAULT_BLOCK_BYTES) / userBytes);
  if (size < 1) {
    throw new ConfigError(`topItems: maxBlockBytes must hold one user, ${userBytes} bytes, got ${maxBlockBytes}`);
  }
  const blocks: UserBlock[] = [];
  for (let start = 0; start < users; start += size) {
    const block = order.subarray(start, start + size);
    blocks.push({ users: block, candidates: Math.min(items, k + counts[block.at(-1)!]!) });
  }
  return blocks;
}

interface Vectors {
  readonly users: tf.Tensor2D;
  readonly items: tf.Tensor2D;
  readonly dispose: () => void;
}

/** The bias as one more dimension (1 for every user): the scores of a block then exist only once in memory. */
function withBias(users: tf.Tensor2D, items: tf.Tensor2D, bias: tf.Tensor1D | undefined): Vectors {
  if (bias === undefined) return { users, items, dispose: () => {} };
  const wideUsers = tf.tidy(() => tf.concat2d([users, tf.ones([users.shape[0], 1])], 1));
  const wideItems = tf.tidy(() => tf.concat2d([items, bias.expandDims<tf.Tensor2D>(1)], 1));
  return { users: wideUsers, items: wideItems, dispose: () => tf.dispose([wideUsers, wideItems]) };
}

interface Candidates {
  /** [B, C] */
  readonly items: Int32Array;
  readonly scores: Float32Array;
  readonly count: number;
}

async function bestCandidates(vectors: Vectors, { users, candidates }: UserBlock): Promise<Candidates> {
  const best = tf.tidy(() => {
    const rows = tf.gather(vectors.users, tf.tensor1d(users, "int32"));
    return tf.topk(tf.matMul(rows, vectors.items, false, true), candidates);
  });
  const [items, scores] = await Promise.all([best.indices.data<"int32">(), best.values.data<"float32">()]);
  tf.dispose([best.indices, best.values]);
  return { items, scores, count: candidates };
}

function keepUnseen(lists: ScoredLists, user: number, found: Candidates, row: number, seen?: ItemSets): void {
  const hidden = new Set(seen === undefined ? [] : itemsOf(seen, user));
  let place = user * lists.width;
  const end = place + lists.width;
  for (let i = row * found.count; i < (row + 1) * found.count && place < end; i++) {
    if (hidden.has(found.items[i]!)) continue;
    lists.items[place] = found.items[i]!;
    lists.scores[place++] = found.scores[i]!;
  }
}

async function checkArguments(users: tf.Tensor2D, items: tf.Tensor2D, options: TopItemsOptions): Promise<void> {
  const { k, seen, itemBias } = options;
  assertCount("topItems", "k", k);
  const itemCount = items.shape[0];
  if (
    users.shape[1] !== items.shape[1] ||
    itemCount === 0 ||
    (itemBias !== undefined && itemBias.shape[0] !== itemCount)
  ) {
    const got = `[${users.shape}], [${items.shape}]${itemBias === undefined ? "" : `, [${itemBias.shape}]`}`;
    throw new ShapeError(
      `topItems: userVectors, itemVectors, itemBias must be [U, D], [I, D], [I] with I >= 1, got ${got}`,
    );
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
