import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { itemSets, withoutItems } from "../../src/eval/item-sets.ts";
import { RANKING_FAMILIES, rankingMetrics } from "../../src/eval/ranking-metrics.ts";
import { type ItemSets, itemsOf, NO_ITEM, type TopLists } from "../../src/eval/top-lists.ts";
import { rankingOfUser } from "../oracle/metrics-ranking.ts";

function lists(rows: readonly (readonly number[])[], width: number): TopLists {
  const items = rows.flatMap((row) => [...row, ...Array<number>(width - row.length).fill(NO_ITEM)]);
  return { users: rows.length, width, items: Int32Array.from(items) };
}

function sets(rows: readonly (readonly number[])[]): ItemSets {
  const users = rows.flatMap((row, user) => row.map(() => user));
  return itemSets(users, rows.flat(), rows.length);
}

describe("rankingMetrics", () => {
  it("gives the values of a hand-worked case", () => {
    const result = rankingMetrics(lists([[5, 1, 7]], 3), sets([[1, 7, 9, 4]]), { ks: [1, 2, 3] });
    const [gain2, gain3] = [1 / Math.log2(3), 1 / Math.log2(4)];
    expect(result.means).toEqual({
      "recall@1": 0,
      "hitrate@1": 0,
      "ndcg@1": 0,
      "mrr@1": 0,
      "map@1": 0,
      "recall@2": 0.25,
      "hitrate@2": 1,
      "ndcg@2": gain2 / (1 + gain2),
      "mrr@2": 0.5,
      "map@2": 0.25,
      "recall@3": 0.5,
      "hitrate@3": 1,
      "ndcg@3": (gain2 + gain3) / (1 + gain2 + gain3),
      "mrr@3": 0.5,
      "map@3": (1 / 2 + 2 / 3) / 3,
    });
  });

  it("equals the definitions for any lists and sets", () => {
    const user = fc.record({
      list: fc.uniqueArray(fc.nat(30), { maxLength: 12 }),
      relevant: fc.uniqueArray(fc.nat(30), { maxLength: 6 }),
    });
    fc.assert(
      fc.property(fc.array(user, { maxLength: 8 }), fc.constantFrom(1, 2, 5, 12), (users, k) => {
        const result = rankingMetrics(
          lists(
            users.map((u) => u.list),
            12,
          ),
          sets(users.map((u) => u.relevant)),
          { ks: [k] },
        );
        const counted = users.filter((u) => u.relevant.length > 0);
        expect(result.usersWithoutRelevant).toBe(users.length - counted.length);
        for (const family of RANKING_FAMILIES) {
          const expected = counted.map((u) => rankingOfUser(u.list, new Set(u.relevant), k)[family]);
          const perUser = [...result.perUser[`${family}@${k}`]!];
          for (const [i, value] of perUser.entries()) expect(value).toBeCloseTo(expected[i]!, 13);
          expect(perUser.length).toBe(expected.length);
          const mean = expected.reduce((sum, value) => sum + value, 0) / expected.length;
          if (expected.length === 0) expect(result.means[`${family}@${k}`]).toBeNull();
          else expect(result.means[`${family}@${k}`]).toBeCloseTo(mean, 13);
        }
      }),
    );
  });

  it("leaves users without a relevant item out and says which count", () => {
    const result = rankingMetrics(lists([[1], [2], [3]], 1), sets([[], [2], [4]]), { ks: [1] });
    expect(result.users).toEqual(Int32Array.of(1, 2));
    expect(result.usersWithoutRelevant).toBe(1);
    expect(result.perUser["recall@1"]).toEqual(Float64Array.of(1, 0));
    expect(result.means["recall@1"]).toBe(0.5);
  });

  it("takes lists shorter than k, as a corpus smaller than k gives them", () => {
    const { means } = rankingMetrics(lists([[3, 0]], 5), sets([[0, 3, 8]]), { ks: [5] });
    expect(means["recall@5"]).toBe(2 / 3);
    expect(means["map@5"]).toBe(2 / 3);
  });

  it("a single item, found", () => {
    const { means } = rankingMetrics(lists([[0]], 1), sets([[0]]), { ks: [1] });
    expect(Object.values(means)).toEqual([1, 1, 1, 1, 1]);
  });

  it("refuses what it cannot mean", () => {
    const good = lists([[1, 2]], 2);
    expect(() => rankingMetrics(good, sets([[1]]), { ks: [3] })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: rankingMetrics: k must be at most the lists' width 2, got 3; ask for wider lists]`,
    );
    expect(() => rankingMetrics(good, sets([[1]]), { ks: [0] })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: rankingMetrics: k must be a whole number >= 1, got 0]`,
    );
    expect(() => rankingMetrics(good, sets([[1]]), { ks: [1, 1] })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: rankingMetrics: ks must differ, got 1, 1]`,
    );
    expect(() => rankingMetrics(good, sets([[1], [2]]), { ks: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: rankingMetrics: relevant.offsets must have users + 1 = 2 entries, got 3]`,
    );
    expect(() => rankingMetrics(lists([[1, 1]], 2), sets([[1]]), { ks: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: rankingMetrics: lists of user 0 must hold an item once, got 1 twice]`,
    );
    expect(() => rankingMetrics(lists([[NO_ITEM, 1]], 2), sets([[1]]), { ks: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: rankingMetrics: lists of user 0 must hold items >= 0 and then only -1, got 1 at 1]`,
    );
    expect(() => rankingMetrics({ ...good, width: 3 }, sets([[1]]), { ks: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: rankingMetrics: lists.items must be users x width = 1 x 3, got 2]`,
    );
    const twice = { offsets: Int32Array.of(0, 2), items: Int32Array.of(1, 1) };
    expect(() => rankingMetrics(good, twice, { ks: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: rankingMetrics: relevant of user 0 must hold an item once, got 1 twice]`,
    );
    const broken = { offsets: Int32Array.of(0, 3), items: Int32Array.of(1, 2) };
    expect(() => rankingMetrics(good, broken, { ks: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: rankingMetrics: offsets must rise from 0 to the 2 entries they cover, got 0 .. 3]`,
    );
  });
});

describe("itemSets", () => {
  it("keeps an item once, in rising order", () => {
    const { offsets, items } = itemSets([1, 1, 0, 1], [7, 2, 5, 7], 3);
    expect([...offsets]).toEqual([0, 1, 3, 3]);
    expect([...items]).toEqual([5, 2, 7]);
  });

  it("refuses unknown users and items", () => {
    expect(() => itemSets([3], [1], 3)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: itemSets: pairs must hold users in [0, 3) and items >= 0, got user 3, item 1 at 0]`,
    );
    expect(() => itemSets([0], [-1], 3)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: itemSets: pairs must hold users in [0, 3) and items >= 0, got user 0, item -1 at 0]`,
    );
  });

  it("withoutItems takes seen items out, user by user", () => {
    const kept = withoutItems(sets([[1, 2, 3], [4], []]), sets([[2], [], [9]]));
    expect([0, 1, 2].map((user) => [...itemsOf(kept, user)])).toEqual([[1, 3], [4], []]);
    expect(() => withoutItems(sets([[1]]), sets([[1], [2]]))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: withoutItems: removed.offsets must have users + 1 = 2 entries, got 3]`,
    );
  });
});
