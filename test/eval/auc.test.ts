import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { auc } from "../../src/eval/auc.ts";
import { gauc } from "../../src/eval/gauc.ts";
import { prAuc } from "../../src/eval/pr-auc.ts";
import { aucByPairs, averagePrecision, groupedAuc } from "../oracle/metrics-rows.ts";

const row = fc.record({
  score: fc.integer({ min: -3, max: 3 }),
  label: fc.integer({ min: 0, max: 1 }),
  weight: fc.integer({ min: 0, max: 4 }),
  group: fc.integer({ min: 0, max: 3 }),
});
const rows = fc.array(row, { maxLength: 40 });

function expectNear(value: number | null, expected: number | null): void {
  if (value === null || expected === null) expect(value).toBe(expected);
  else expect(Math.abs(value - expected)).toBeLessThan(1e-12);
}

describe("auc", () => {
  it("is the share of ordered pairs, ties half", () => {
    expect(auc([3, 2, 1], [1, 0, 0])).toBe(1);
    expect(auc([1, 2, 3], [1, 0, 0])).toBe(0);
    expect(auc([1, 1, 0], [1, 0, 0])).toBe(0.75);
    expect(auc(new Float32Array([5, 5]), new Float32Array([1, 0]))).toBe(0.5);
  });

  it("equals the sum over all pairs, with and without weights", () => {
    fc.assert(
      fc.property(rows, (rows) => {
        const [scores, labels, weights] = [
          rows.map((r) => r.score),
          rows.map((r) => r.label),
          rows.map((r) => r.weight),
        ];
        expectNear(auc(scores, labels), aucByPairs(scores, labels));
        expectNear(auc(scores, labels, { weights }), aucByPairs(scores, labels, weights));
      }),
    );
  });

  it("is undefined with one class, without rows, and where one class has no weight", () => {
    expect(auc([1, 2], [1, 1])).toBeNull();
    expect(auc([1], [0])).toBeNull();
    expect(auc([], [])).toBeNull();
    expect(auc([1, 2], [1, 0], { weights: [0, 1] })).toBeNull();
  });

  it("takes 0 and -0 for a tie, in short and in long arrays", () => {
    const long = 10_000;
    const scores = Array.from({ length: long }, (_, i) => (i % 2 === 0 ? 0 : -0));
    expect(auc([0, -0], [0, 1])).toBe(0.5);
    const labels = scores.map((_, i) => i % 2);
    expect(auc(scores, labels)).toBe(0.5);
  });

  it("refuses what it cannot mean", () => {
    expect(() => auc([1, 2], [1])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: auc: scores, labels must have equal lengths, got 2, 1]`,
    );
    expect(() => auc([1, Number.NaN], [1, 0])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: auc: scores must be finite, got NaN at 1]`,
    );
    expect(() => auc([1, 2], [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: auc: labels must be 0 or 1, got 2 at 1]`,
    );
    expect(() => auc([1, 2], [1, 0], { weights: [1, -1] })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: auc: weights must be finite and >= 0, got -1 at 1]`,
    );
  });
});

describe("prAuc", () => {
  it("is the mean precision at the positives", () => {
    expect(prAuc([4, 3, 2, 1], [1, 0, 1, 0])).toBeCloseTo((1 + 2 / 3) / 2, 15);
    expect(prAuc([1, 1, 1, 1], [1, 0, 0, 0])).toBe(0.25);
    expect(prAuc([1, 2], [0, 0])).toBeNull();
    expect(prAuc([1, 2], [1, 1])).toBe(1);
  });

  it("equals the quadratic definition, with and without weights", () => {
    fc.assert(
      fc.property(rows, (rows) => {
        const [scores, labels, weights] = [
          rows.map((r) => r.score),
          rows.map((r) => r.label),
          rows.map((r) => r.weight),
        ];
        expectNear(prAuc(scores, labels), averagePrecision(scores, labels));
        expectNear(prAuc(scores, labels, { weights }), averagePrecision(scores, labels, weights));
      }),
    );
  });
});

describe("gauc", () => {
  const sizes = {
    mean: () => 1,
    samples: (labels: readonly number[]) => labels.length,
    positives: (labels: readonly number[]) => labels.filter((label) => label === 1).length,
  };

  it.each(["mean", "samples", "positives"] as const)("weights groups by %s", (weighting) => {
    fc.assert(
      fc.property(rows, (rows) => {
        const [scores, labels, groups] = [rows.map((r) => r.score), rows.map((r) => r.label), rows.map((r) => r.group)];
        const result = gauc(scores, labels, groups, { weighting });
        expectNear(result.value, groupedAuc(scores, labels, groups, sizes[weighting]));
        expect(result.groups + result.skippedGroups).toBe(new Set(groups).size);
      }),
    );
  });

  it("counts what it leaves out", () => {
    const result = gauc([1, 2, 3, 4, 5], [0, 1, 1, 1, 0], ["a", "a", "b", "b", "c"], { weighting: "samples" });
    expect(result).toEqual({ value: 1, groups: 1, skippedGroups: 2, skippedRows: 3 });
    expect(gauc([1], [1], [7], { weighting: "mean" }).value).toBeNull();
  });

  it("tells three weightings apart", () => {
    const scores = [2, 1, 3, 2, 1, 0, 5];
    const labels = [1, 0, 0, 1, 1, 0, 1];
    const groups = [0, 0, 1, 1, 1, 1, 1];
    // group 0: AUC 1 of 2 rows, 1 positive; group 1: 4 of 6 pairs, 5 rows, 3 positives
    expectNear(gauc(scores, labels, groups, { weighting: "mean" }).value, (1 + 4 / 6) / 2);
    expectNear(gauc(scores, labels, groups, { weighting: "samples" }).value, (2 + 5 * (4 / 6)) / 7);
    expectNear(gauc(scores, labels, groups, { weighting: "positives" }).value, (1 + 3 * (4 / 6)) / 4);
  });
});
