import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pairOverLists } from "../../src/eval/over-lists.ts";
import { overlapAtK, recallAtMAtK } from "../../src/eval/overlap.ts";
import { kendallTau, orderedPairAccuracy, pairCounts, pairOrderAgreement } from "../../src/eval/pair-order.ts";
import { rankBiasedOverlap } from "../../src/eval/rank-biased-overlap.ts";
import { rankLists } from "../../src/eval/rank-lists.ts";
import { teacherRegretAtK, teacherRegretOfTopLists } from "../../src/eval/teacher-regret.ts";
import { NO_ITEM, type TopLists } from "../../src/eval/top-lists.ts";
import { orderedPairs, pairsOf, rboByPrefixes, tauB } from "../oracle/metrics-agreement.ts";

const score = fc.integer({ min: -4, max: 4 });
const pairOfScores = fc.array(fc.tuple(score, score), { maxLength: 30 });
const list = fc.uniqueArray(fc.nat(14), { minLength: 1, maxLength: 8 });

function oneList(items: readonly number[], width = items.length): TopLists {
  return { users: 1, width, items: Int32Array.from({ length: width }, (_, i) => items[i] ?? NO_ITEM) };
}

function expectNear(value: number | null, expected: number | null): void {
  if (value === null || expected === null) expect(value).toBe(expected);
  else expect(Math.abs(value - expected)).toBeLessThan(1e-12);
}

describe("pair order", () => {
  it("counts the pairs that a double loop counts", () => {
    fc.assert(
      fc.property(pairOfScores, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        expect(pairCounts(a, b)).toEqual(pairsOf(a, b));
        expectNear(kendallTau(a, b), tauB(a, b));
        expectNear(orderedPairAccuracy(a, b), orderedPairs(a, b));
      }),
    );
  });

  it("gives the published value of the worked example", () => {
    const student = [2, 0.5, -1, 0];
    const teacher = [1.5, -0.5, 0, 1];
    expect(orderedPairAccuracy(student, teacher)).toBeCloseTo(0.666667, 6);
    expect(pairOrderAgreement(student, teacher)).toBeCloseTo(4 / 6, 15);
    expect(kendallTau(student, teacher)).toBeCloseTo(1 / 3, 15);
  });

  it("is undefined without a pair to judge", () => {
    expect(kendallTau([1, 1], [1, 2])).toBeNull();
    expect(kendallTau([1], [1])).toBeNull();
    expect(kendallTau([], [])).toBeNull();
    expect(orderedPairAccuracy([1, 2], [3, 3])).toBeNull();
    expect(pairOrderAgreement([1, 1], [1, 2])).toBeNull();
  });

  it("counts a tied score half for ordered pairs, and not at all for agreement", () => {
    expect(orderedPairAccuracy([1, 1, 2], [0, 1, 2])).toBeCloseTo(2.5 / 3, 15);
    expect(pairOrderAgreement([1, 1, 2], [0, 1, 2])).toBe(1);
  });

  it("takes metrics list by list and leaves undefined lists out", () => {
    const offsets = Int32Array.of(0, 2, 2, 5);
    const result = pairOverLists(kendallTau, [1, 2, 3, 2, 1], [1, 2, 1, 2, 3], offsets);
    expect(result).toEqual({
      mean: 0,
      values: Float64Array.of(1, -1),
      lists: Int32Array.of(0, 2),
      undefinedLists: 1,
    });
    expect(() => pairOverLists(kendallTau, [1], [1], Int32Array.of(0, 2))).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: pairOverLists: offsets must rise from 0 to the 1 entries they cover, got 0 .. 2]`,
    );
    expect(() => pairOverLists(kendallTau, [1], [1], Int32Array.of())).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: pairOverLists: offsets must rise from 0 to the 1 entries they cover, got none]`,
    );
  });
});

describe("overlap", () => {
  it("is the shared part of the first k", () => {
    const [a, b] = [oneList([1, 2, 3, 4]), oneList([2, 1, 9, 8])];
    expect([1, 2, 3, 4].map((k) => overlapAtK(a, b, { k }).mean)).toEqual([0, 1, 2 / 3, 2 / 4]);
    expect(overlapAtK(oneList([], 2), oneList([], 2), { k: 2 }).mean).toBeNull();
    expect(overlapAtK(oneList([1], 2), oneList([1, 2]), { k: 2 }).mean).toBe(0.5);
  });

  it("recall@m@k is the share of the true first k in the student's first m", () => {
    const scores = rankLists([2, 0.5, -1, 0], Int32Array.of(0, 4), { k: 4 });
    const truth = rankLists([1.5, -0.5, 0, 1], Int32Array.of(0, 4), { k: 4 });
    expect(recallAtMAtK(scores, truth, { m: 2, k: 2 }).mean).toBe(0.5);
    expect(recallAtMAtK(scores, truth, { m: 3, k: 2 }).mean).toBe(1);
    expect(recallAtMAtK(scores, truth, { m: 2, k: 1 }).mean).toBe(1);
    expect(recallAtMAtK(scores, oneList([], 2), { m: 2, k: 1 }).undefinedLists).toBe(1);
  });

  it("refuses different users and k past a list", () => {
    const [a, b] = [oneList([1, 2]), oneList([1])];
    expect(() => overlapAtK(a, b, { k: 2 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: overlapAtK: k must be at most the lists' width 1, got 2; ask for wider lists]`,
    );
    expect(() =>
      overlapAtK(a, { users: 2, width: 1, items: Int32Array.of(1, 2) }, { k: 1 }),
    ).toThrowErrorMatchingInlineSnapshot(`[ShapeError: overlapAtK: a and b must be for the same users, got 1 and 2]`);
    expect(() => recallAtMAtK(a, b, { m: 0, k: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: recallAtMAtK: k must be a whole number >= 1, got 0]`,
    );
  });
});

describe("rankBiasedOverlap", () => {
  it("equals the formula over prefixes, for lists of any lengths", () => {
    fc.assert(
      fc.property(list, list, fc.double({ min: 0.05, max: 0.99, noNaN: true }), (a, b, p) => {
        const value = rankBiasedOverlap(oneList(a), oneList(b), { p }).mean;
        expectNear(value, rboByPrefixes(a, b, p));
        expectNear(value, rankBiasedOverlap(oneList(b), oneList(a), { p }).mean);
        expectNear(rankBiasedOverlap(oneList(a), oneList(a), { p }).mean, 1);
      }),
    );
  });

  it("is 0 for disjoint lists, undefined for an empty one, and refuses p outside (0, 1)", () => {
    expect(rankBiasedOverlap(oneList([1, 2]), oneList([3, 4])).mean).toBe(0);
    expect(rankBiasedOverlap(oneList([], 2), oneList([3, 4])).mean).toBeNull();
    expect(() => rankBiasedOverlap(oneList([1]), oneList([1]), { p: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: rankBiasedOverlap: p must be in (0, 1), got 1]`,
    );
  });

  it("weighs the top ranks most", () => {
    const best = oneList([1, 2, 3, 4]);
    const topSwapped = rankBiasedOverlap(best, oneList([2, 1, 3, 4])).mean!;
    const endSwapped = rankBiasedOverlap(best, oneList([1, 2, 4, 3])).mean!;
    expect(endSwapped).toBeGreaterThan(topSwapped);
  });
});

describe("rankLists", () => {
  it("sorts each list by score, ties to the lower place, and fills with NO_ITEM", () => {
    const { items, width, users } = rankLists([1, 3, 3, 0.5, 2], Int32Array.of(0, 3, 3, 5), { k: 4 });
    expect({ users, width }).toEqual({ users: 3, width: 4 });
    expect([...items]).toEqual([1, 2, 0, -1, -1, -1, -1, -1, 1, 0, -1, -1]);
  });
});

describe("teacher regret", () => {
  it("is the teacher's mean of its own best k minus that of the student's best k", () => {
    const offsets = Int32Array.of(0, 4, 4, 5);
    const result = teacherRegretAtK([9, 8, 1, 0, 1], [0.1, 0.5, 0.9, 0.7, 3], offsets, { k: 2 });
    expectNear(result.values[0]!, (0.9 + 0.7) / 2 - (0.1 + 0.5) / 2);
    expect(result.values[1]).toBe(0);
    expect(result.undefinedLists).toBe(1);
  });

  it("is never negative and 0 for the teacher itself", () => {
    fc.assert(
      fc.property(pairOfScores, fc.integer({ min: 1, max: 5 }), (pairs, k) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const offsets = Int32Array.of(0, pairs.length);
        for (const value of teacherRegretAtK(a, b, offsets, { k }).values) expect(value).toBeGreaterThanOrEqual(-1e-12);
        for (const value of teacherRegretAtK(b, b, offsets, { k }).values) expect(value).toBe(0);
      }),
    );
  });

  it("from the teacher's scores of two top lists", () => {
    const result = teacherRegretOfTopLists([5, 4, 3, 9, 9, 9], [5, 1, 0, 9, 8, 7], { width: 3, k: 2 });
    expect([...result.values]).toEqual([1.5, 0.5]);
    expect(() => teacherRegretOfTopLists([1, 2], [1, 2], { width: 2, k: 3 })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: teacherRegretOfTopLists: scores must be [U, 2] with k <= 2, got 2, k 3]`,
    );
  });
});
