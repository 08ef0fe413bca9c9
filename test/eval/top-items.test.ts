import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { itemSets } from "../../src/eval/item-sets.ts";
import { type TopItemsOptions, topItems } from "../../src/eval/top-items.ts";
import { itemsOf, NO_ITEM } from "../../src/eval/top-lists.ts";
import { bestItems } from "../oracle/metrics-ranking.ts";

beforeAll(async () => {
  await tf.setBackend("cpu");
});

type Rows = readonly (readonly number[])[];

async function listed(users: Rows, items: Rows, options: TopItemsOptions): Promise<number[][]> {
  const [u, i] = [tf.tensor2d(users as number[][]), tf.tensor2d(items as number[][])];
  const before = tf.memory().numTensors;
  const lists = await topItems(u, i, options);
  expect(tf.memory().numTensors).toBe(before);
  tf.dispose([u, i]);
  const rows = Array.from({ length: lists.users }, (_, user) => [
    ...lists.items.subarray(user * lists.width, (user + 1) * lists.width),
  ]);
  return rows;
}

function fill(list: readonly number[], k: number): number[] {
  return Array.from({ length: k }, (_, place) => list[place] ?? NO_ITEM);
}

describe("topItems", () => {
  it("equals a full sort of the corpus, with ties, seen items, biases, and blocks of any size", async () => {
    const small = fc.integer({ min: -2, max: 2 });
    const width = 3;
    const vectors = (count: number) =>
      fc.array(fc.array(small, { minLength: width, maxLength: width }), { minLength: 1, maxLength: count });
    const cases = fc.record({
      users: vectors(9),
      items: vectors(12),
      bias: fc.array(small, { minLength: 12, maxLength: 12 }),
      seenPairs: fc.array(fc.tuple(fc.nat(8), fc.nat(11)), { maxLength: 40 }),
      k: fc.integer({ min: 1, max: 14 }),
      usersInBlock: fc.integer({ min: 1, max: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ users, items, bias, seenPairs, k, usersInBlock }) => {
        const pairs = seenPairs.filter(([user, item]) => user < users.length && item < items.length);
        const seen = itemSets(
          pairs.map(([user]) => user),
          pairs.map(([, item]) => item),
          users.length,
        );
        const itemBias = tf.tensor1d(bias.slice(0, items.length));
        const maxBlockBytes = usersInBlock * 12 * items.length;
        const lists = await listed(users, items, { k, seen, itemBias, maxBlockBytes });
        itemBias.dispose();
        for (const [user, list] of lists.entries()) {
          const best = bestItems(users[user]!, items, { k, seen: new Set(itemsOf(seen, user)), bias });
          expect(list).toEqual(fill(best, k));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gives the scores beside the items, -Infinity beside an empty place", async () => {
    const [user, items] = [tf.tensor2d([[1, 2]]), tf.tensor2d([1, 0, 0, 1], [2, 2])];
    const lists = await topItems(user, items, { k: 3 });
    expect([...lists.items]).toEqual([1, 0, NO_ITEM]);
    expect([...lists.scores]).toEqual([2, 1, Number.NEGATIVE_INFINITY]);
  });

  it("breaks ties by the lower item number", async () => {
    const items = Array.from({ length: 700 }, () => [1]);
    expect(await listed([[1]], items, { k: 5 })).toEqual([[0, 1, 2, 3, 4]]);
    const seen = itemSets([0, 0], [0, 3], 1);
    expect(await listed([[1]], items, { k: 5, seen })).toEqual([[1, 2, 4, 5, 6]]);
  });

  it("takes no users, a single item, a user who has seen everything", async () => {
    const nobody = tf.zeros<tf.Rank.R2>([0, 2]);
    const items = tf.ones<tf.Rank.R2>([3, 2]);
    expect((await topItems(nobody, items, { k: 2 })).items.length).toBe(0);
    tf.dispose([nobody, items]);
    expect(await listed([[1], [1]], [[1]], { k: 2, seen: itemSets([1], [0], 2) })).toEqual([
      [0, NO_ITEM],
      [NO_ITEM, NO_ITEM],
    ]);
  });

  it("leaves no tensor behind when it refuses", async () => {
    const users = tf.ones<tf.Rank.R2>([2, 3]);
    const items = tf.ones<tf.Rank.R2>([4, 3]);
    const narrow = tf.ones<tf.Rank.R2>([4, 2]);
    const poisoned = tf.tensor2d([1, 1, 1, 1, Number.NaN, 1], [2, 3]);
    const infinite = tf.tensor1d([0, 0, Number.POSITIVE_INFINITY, 0]);
    const before = tf.memory().numTensors;
    await expect(topItems(users, narrow, { k: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(`[ShapeError: topItems: userVectors, itemVectors, itemBias must be [U, D], [I, D], [I] with I >= 1, got [2,3], [4,2]]`);
    await expect(topItems(users, items, { k: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(`[ConfigError: topItems: k must be a whole number >= 1, got 0]`);
    await expect(topItems(users, items, { k: 1, maxBlockBytes: 8 })).rejects.toThrowErrorMatchingInlineSnapshot(`[ConfigError: topItems: maxBlockBytes must hold one user, 24 bytes, got 8]`);
    await expect(topItems(users, poisoned, { k: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(`[DataError: topItems: itemVectors must be finite, got NaN in row 1]`);
    await expect(topItems(users, items, { k: 1, itemBias: infinite })).rejects.toThrowErrorMatchingInlineSnapshot(`[DataError: topItems: itemBias must be finite, got Infinity in row 2]`);
    const seen = itemSets([0], [4], 2);
    await expect(topItems(users, items, { k: 1, seen })).rejects.toThrowErrorMatchingInlineSnapshot(`[DataError: topItems: seen must hold items below 4, got 4]`);
    const tooFew = itemSets([0], [1], 1);
    await expect(topItems(users, items, { k: 1, seen: tooFew })).rejects.toThrowErrorMatchingInlineSnapshot(`[ShapeError: topItems: seen.offsets must have users + 1 = 3 entries, got 2]`);
    expect(tf.memory().numTensors).toBe(before);
  });
});
