import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coverageAtK, giniAtK, noveltyAtK } from "../../src/eval/exposure.ts";
import { itemSets } from "../../src/eval/item-sets.ts";
import { batchRecall, knnRecall } from "../../src/eval/pair-recall.ts";
import { COLD_ITEMS, meanByGroup, popularityGroups, recallByItemGroup } from "../../src/eval/slices.ts";
import { NO_ITEM, type TopLists } from "../../src/eval/top-lists.ts";
import { giniByDifferences } from "../oracle/metrics-agreement.ts";

const lists: TopLists = { users: 3, width: 3, items: Int32Array.of(0, 1, 2, 0, 1, NO_ITEM, 0, 3, 1) };

describe("exposure", () => {
  it("coverage is the share of the corpus shown", () => {
    expect([1, 2, 3].map((k) => coverageAtK(lists, { k, items: 8 }))).toEqual([1 / 8, 3 / 8, 4 / 8]);
  });

  it("Gini is 0 for equal exposure and 1 - 1/I where one item takes all", () => {
    const equal = { users: 2, width: 2, items: Int32Array.of(0, 1, 2, 3) };
    expect(giniAtK(equal, { k: 2, items: 4 })).toBe(0);
    expect(giniAtK(lists, { k: 1, items: 4 })).toBe(0.75);
    expect(giniAtK({ users: 1, width: 1, items: Int32Array.of(NO_ITEM) }, { k: 1, items: 4 })).toBeNull();
  });

  it("Gini equals the mean difference of all pairs of items", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(6), { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 7, max: 12 }),
        (shown, items) => {
          const oneEach = { users: shown.length, width: 1, items: Int32Array.from(shown) };
          const counts = Array.from({ length: items }, (_, item) => shown.filter((other) => other === item).length);
          expect(giniAtK(oneEach, { k: 1, items })).toBeCloseTo(giniByDifferences(counts)!, 13);
        },
      ),
    );
  });

  it("novelty is the mean surprisal of what is shown, finite for cold items", () => {
    const result = noveltyAtK(lists, [7, 3, 1, 0, 0], { k: 3 });
    // p = (count + 1) / 16: bits 1, 2, 3, 4
    expect([...result.values]).toEqual([(1 + 2 + 3) / 3, (1 + 2) / 2, (1 + 4 + 2) / 3]);
    expect(noveltyAtK({ users: 1, width: 1, items: Int32Array.of(NO_ITEM) }, [1], { k: 1 }).mean).toBeNull();
  });

  it("refuses items outside the corpus", () => {
    expect(() => coverageAtK(lists, { k: 3, items: 3 })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: coverageAtK: lists must hold items below 3, got 3]`,
    );
    expect(() => noveltyAtK(lists, [1, 2], { k: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: noveltyAtK: lists must hold items below 2, got 2]`,
    );
  });
});

describe("recall over pairs", () => {
  it("knnRecall counts pairs, not users", () => {
    expect(knnRecall(lists, [0, 0, 1], [2, 9, 9], { k: 3 })).toBe(1 / 3);
    expect(knnRecall(lists, [0, 0, 1], [2, 9, 9], { k: 2 })).toBe(0);
    expect(knnRecall(lists, [], [], { k: 1 })).toBeNull();
    expect(() => knnRecall(lists, [3], [0], { k: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: knnRecall: users must be in [0, 3), got 3 at 0]`,
    );
  });

  it("batchRecall ranks the own item among the batch", () => {
    const scores = [9, 1, 1, 5, 4, 1, 3, 2, 1];
    expect([1, 2, 3].map((k) => batchRecall(scores, { k }))).toEqual([1 / 3, 2 / 3, 1]);
    expect(batchRecall([], { k: 1 })).toBeNull();
    expect(() => batchRecall([1, 2], { k: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: batchRecall: scores must be [B, B], got 2 values]`,
    );
  });

  it("batchRecall gives a collapsed model K / B and no more", () => {
    expect(batchRecall(Array(25).fill(0.5), { k: 2 })).toBeCloseTo(2 / 5, 15);
  });

  it("batchRecall leaves accidental hits out", () => {
    const scores = [1, 2, 0, 1];
    expect(batchRecall(scores, { k: 1 })).toBe(0.5);
    expect(batchRecall(scores, { k: 1, ignored: [0, 1, 0, 0] })).toBe(1);
  });
});

describe("slices", () => {
  it("groups items by popularity, cold ones apart", () => {
    const counts = [0, 5, 1, 1, 9, 2, 0, 3];
    const groups = popularityGroups(counts, { groups: 3, mass: "items" });
    expect([...groups]).toEqual([COLD_ITEMS, 2, 0, 0, 2, 1, COLD_ITEMS, 1]);
    expect([...popularityGroups([1, 2, 3, 10], { groups: 2, mass: "items" })]).toEqual([0, 0, 1, 1]);
    expect([...popularityGroups([1, 2, 3, 10], { groups: 2, mass: "interactions" })]).toEqual([0, 0, 0, 1]);
  });

  it("recall by group adds up to the whole", () => {
    const relevant = itemSets([0, 0, 1, 2, 2], [0, 3, 1, 3, 2], 3);
    const rows = recallByItemGroup(lists, relevant, Int32Array.of(5, 5, -1, 2), { k: 2 });
    expect(rows).toEqual([
      { group: -1, relevant: 1, hits: 0, recall: 0 },
      { group: 2, relevant: 2, hits: 1, recall: 0.5 },
      { group: 5, relevant: 2, hits: 2, recall: 1 },
    ]);
    expect(() => recallByItemGroup(lists, relevant, Int32Array.of(0), { k: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: recallByItemGroup: groupOfItem must cover item 3, got 1 items]`,
    );
  });

  it("means by group", () => {
    expect(meanByGroup([1, 2, 6], [3, 0, 3])).toEqual([
      { group: 0, count: 1, mean: 2 },
      { group: 3, count: 2, mean: 3.5 },
    ]);
  });
});
