import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { itemSets } from "../../src/eval/item-sets.ts";
import { type TopItemsOptions, topItems } from "../../src/eval/top-items.ts";
import { itemsOf, NO_ITEM } from "../../src/eval/top-lists.ts";
import { randomStream } from "../../src/random.ts";
import { bestItems } from "../oracle/metrics-ranking.ts";

const require = createRequire(import.meta.url);
setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist/"));

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

describe.each(["cpu", "wasm"])("topItems on tfjs's %s backend", (backend) => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
  });

  it("equals a full sort of the corpus, with ties, seen items and biases", async () => {
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
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ users, items, bias, seenPairs, k }) => {
        const pairs = seenPairs.filter(([user, item]) => user < users.length && item < items.length);
        const seen = itemSets(
          pairs.map(([user]) => user),
          pairs.map(([, item]) => item),
          users.length,
        );
        const itemBias = tf.tensor1d(bias.slice(0, items.length));
        const lists = await listed(users, items, { k, seen, itemBias });
        itemBias.dispose();
        for (const [user, list] of lists.entries()) {
          const best = bestItems(users[user]!, items, { k, seen: new Set(itemsOf(seen, user)), bias });
          expect(list).toEqual(fill(best, k));
        }
      }),
      { numRuns: 150 },
    );
  });

  it("equals a full sort of a corpus of many tiles, users in many blocks, whole numbers full of ties", async () => {
    const stream = randomStream(3, "top-items");
    const rows = (count: number) => Array.from({ length: count }, () => [stream.integer(7) - 3, stream.integer(5) - 2]);
    for (const [users, items, k] of [
      [40, 1500, 1],
      [9, 4123, 7],
      [3, 1024, 300],
      [70, 129, 1],
      [2, 160, 200],
    ] as const) {
      const [userRows, itemRows] = [rows(users), rows(items)];
      const pairs = Array.from({ length: 20 * users }, () => [stream.integer(users), stream.integer(items)] as const);
      const seen = itemSets(
        pairs.map(([user]) => user),
        pairs.map(([, item]) => item),
        users,
      );
      const lists = await listed(userRows, itemRows, { k, seen, maxBlockBytes: 4096 });
      const expected = userRows.map((user, u) =>
        fill(bestItems(user, itemRows, { k, seen: new Set(itemsOf(seen, u)) }), k),
      );
      expect(lists).toEqual(expected);
    }
  });

  it("breaks ties between tiles and between groups of one tile by the lower item number", async () => {
    const stream = randomStream(4, "ties");
    const items = Array.from({ length: 6000 }, () => [stream.integer(600)]);
    const users = [[1], [-1], [0], [3]];
    for (const [k, maxBlockBytes] of [
      [40, 2 ** 16],
      [10, 2 ** 13],
      [300, 2 ** 13],
    ] as const) {
      const lists = await listed(users, items, { k, maxBlockBytes });
      expect(lists).toEqual(users.map((user) => bestItems(user, items, { k })));
    }
  });

  it("gives the same lists whatever the memory", async () => {
    const [users, items] = [
      tf.randomNormal<tf.Rank.R2>([50, 8], 0, 1, "float32", 1),
      tf.randomNormal<tf.Rank.R2>([999, 8], 0, 1, "float32", 2),
    ];
    const [small, large] = await Promise.all(
      [4096, 2 ** 26].map((maxBlockBytes) => topItems(users, items, { k: 9, maxBlockBytes })),
    );
    expect(small).toEqual(large);
    tf.dispose([users, items]);
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
    await expect(topItems(users, narrow, { k: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: topItems: userVectors, itemVectors, itemBias must be [U, D], [I, D], [I] with I >= 1, got [2,3], [4,2]]`,
    );
    await expect(topItems(users, items, { k: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: topItems: k must be a whole number >= 1, got 0]`,
    );
    await expect(topItems(users, items, { k: 1, maxBlockBytes: 8 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: topItems: maxBlockBytes must be >= 4096, got 8]`,
    );
    await expect(topItems(users, poisoned, { k: 1 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: topItems: itemVectors must be finite, got NaN in row 1]`,
    );
    await expect(topItems(users, items, { k: 1, itemBias: infinite })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: topItems: itemBias must be finite, got Infinity in row 2]`,
    );
    const seen = itemSets([0], [4], 2);
    await expect(topItems(users, items, { k: 1, seen })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: topItems: seen must hold items below 4, got 4]`,
    );
    const tooFew = itemSets([0], [1], 1);
    await expect(topItems(users, items, { k: 1, seen: tooFew })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: topItems: seen.offsets must have users + 1 = 3 entries, got 2]`,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
