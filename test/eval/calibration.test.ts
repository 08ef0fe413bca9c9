import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expectedCalibrationError,
  normalisedEntropy,
  normalisedEntropyFromLogits,
  predictedOverObserved,
  reliabilityTable,
} from "../../src/eval/calibration.ts";
import { equalMassBins } from "../../src/eval/equal-mass-bins.ts";
import { bernoulliKl, klByDecile } from "../../src/eval/kl-by-decile.ts";
import { logloss, loglossFromLogits } from "../../src/eval/logloss.ts";
import { loglossOfLogits } from "../oracle/metrics-rows.ts";

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

describe("logloss", () => {
  it("equals the definition, from logits and from probabilities", () => {
    const row = fc.tuple(
      fc.double({ min: -8, max: 8, noNaN: true }),
      fc.integer({ min: 0, max: 1 }),
      fc.integer({ min: 1, max: 5 }),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const [logits, labels, weights] = [rows.map(([z]) => z), rows.map(([, y]) => y), rows.map(([, , w]) => w)];
        const expected = loglossOfLogits(logits, labels, weights);
        expect(loglossFromLogits(logits, labels, { weights })).toBeCloseTo(expected, 12);
        expect(logloss(logits.map(sigmoid), labels, { weights })).toBeCloseTo(expected, 12);
      }),
    );
  });

  it("stays finite and exact for extreme logits", () => {
    expect(loglossFromLogits([1000, -1000], [0, 1])).toBe(1000);
    expect(loglossFromLogits([1000, -1000], [1, 0])).toBe(0);
    expect(loglossFromLogits([-40], [0])).toBeCloseTo(Math.exp(-40), 30);
  });

  it("is infinite for a certain and wrong probability, and clips nothing", () => {
    expect(logloss([1, 0.5], [0, 1])).toBe(Number.POSITIVE_INFINITY);
    expect(logloss([1, 0], [1, 0])).toBe(0);
    expect(logloss([1, 0.5], [0, 1], { weights: [0, 1] })).toBe(Math.log(2));
  });

  it("is undefined where nothing has weight, and refuses what is no probability", () => {
    expect(logloss([], [])).toBeNull();
    expect(loglossFromLogits([3], [1], { weights: [0] })).toBeNull();
    expect(() => logloss([1.5], [1])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: logloss: probabilities must be in [0, 1], got 1.5 at 0; logits have functions of their own]`,
    );
  });
});

describe("equalMassBins", () => {
  it("splits rows without ties into equal parts", () => {
    expect([...equalMassBins([5, 1, 4, 2, 3, 0], 3)]).toEqual([2, 0, 2, 1, 1, 0]);
    expect([...equalMassBins([1, 2], 10)]).toEqual([2, 7]);
  });

  it("keeps equal values together, whatever the order of the rows", () => {
    const value = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (values, bins) => {
        const binOf = equalMassBins(values, bins);
        const reversed = equalMassBins([...values].reverse(), bins);
        expect([...reversed].reverse()).toEqual([...binOf]);
        for (const [i, a] of values.entries()) {
          for (const [j, b] of values.entries()) {
            if (a === b) expect(binOf[i]).toBe(binOf[j]);
            if (a < b) expect(binOf[i]).toBeLessThanOrEqual(binOf[j]!);
          }
        }
      }),
    );
  });

  it("counts mass by weight", () => {
    expect([...equalMassBins([1, 2, 3, 4], 2, [6, 1, 1, 2])]).toEqual([0, 1, 1, 1]);
    expect([...equalMassBins([1, 2], 2, [0, 0])]).toEqual([0, 0]);
  });
});

describe("calibration", () => {
  it("predicted over observed", () => {
    expect(predictedOverObserved([0.5, 0.25, 0.25], [1, 0, 0])).toBe(1);
    expect(predictedOverObserved([0.5, 0.5], [1, 0], { weights: [1, 3] })).toBe(2);
    expect(predictedOverObserved([0.5], [0])).toBeNull();
    expect(predictedOverObserved([], [])).toBeNull();
  });

  it("a table row says what its bin holds; zero weights leave the bin", () => {
    const table = reliabilityTable([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], { bins: 2, weights: [1, 3, 0, 4] });
    expect(table).toEqual([
      { from: 0.1, to: 0.2, rows: 2, weight: 4, predicted: (0.1 + 3 * 0.2) / 4, observed: 0.75 },
      { from: 0.9, to: 0.9, rows: 1, weight: 4, predicted: 0.9, observed: 1 },
    ]);
  });

  it("ECE is the mean gap of the bins", () => {
    expect(expectedCalibrationError([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], { bins: 2 })).toBeCloseTo(
      (0.35 + 0.15) / 2,
      15,
    );
    const weighted = expectedCalibrationError([0.1, 0.2, 0.8, 0.9], [0, 1, 1, 1], { bins: 2, weights: [2, 2, 1, 3] });
    expect(weighted).toBeCloseTo((4 / 8) * (0.5 - 0.15) + (4 / 8) * (1 - (0.8 + 3 * 0.9) / 4), 15);
    const uneven = expectedCalibrationError([0.1, 0.2, 0.9], [0, 1, 1], { bins: 2, weights: [1, 1, 6] });
    expect(uneven).toBeCloseTo((2 / 8) * (0.5 - 0.15) + (6 / 8) * (1 - 0.9), 15);
    expect(expectedCalibrationError([0.5, 0.5], [0, 1])).toBe(0);
    expect(expectedCalibrationError([], [])).toBeNull();
    expect(() => expectedCalibrationError([0.5], [1], { bins: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: reliabilityTable: bins must be a whole number >= 1, got 0]`,
    );
  });

  it("ECE of one value for all is the gap to the rate, however many bins", () => {
    expect(expectedCalibrationError(Array(10).fill(0.3), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])).toBeCloseTo(0.2, 15);
  });

  it("normalised entropy is 1 for the observed rate itself and undefined with one class", () => {
    expect(normalisedEntropy([0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0])).toBeCloseTo(1, 15);
    const logit = Math.log(1 / 3);
    expect(normalisedEntropyFromLogits([logit, logit, logit, logit], [1, 0, 0, 0])).toBeCloseTo(1, 15);
    expect(normalisedEntropy([0.25], [1])).toBeNull();
    expect(normalisedEntropy([], [])).toBeNull();
  });
});

describe("KL by decile", () => {
  it("gives the published value of one row, and zero for equal logits", () => {
    expect(bernoulliKl(Math.log(0.8 / 0.2), 0.5)).toBeCloseTo(0.073675, 6);
    expect(bernoulliKl(3, 3)).toBe(0);
    expect(bernoulliKl(0, 2)).toBeCloseTo(0.5 * Math.log(0.5 / sigmoid(2)) + 0.5 * Math.log(0.5 / sigmoid(-2)), 14);
  });

  it("is finite and right for extreme logits", () => {
    expect(bernoulliKl(1000, -1000)).toBe(1000);
    expect(bernoulliKl(-1000, 1000)).toBe(1000);
    expect(bernoulliKl(1000, 1000)).toBe(0);
  });

  it("bins by the teacher and averages inside", () => {
    const bins = klByDecile([0, 0, 0, 0], [-2, -1, 1, 2], { bins: 2 });
    expect(bins.map(({ from, to, rows }) => [from, to, rows])).toEqual([
      [-2, -1, 2],
      [1, 2, 2],
    ]);
    expect(bins[0]!.kl).toBeCloseTo((bernoulliKl(-2, 0) + bernoulliKl(-1, 0)) / 2, 15);
    expect(bins[1]!.teacher).toBeCloseTo((sigmoid(1) + sigmoid(2)) / 2, 15);
    expect(bins[1]!.student).toBe(0.5);
  });

  it("refuses unequal lengths", () => {
    expect(() => klByDecile([1], [1, 2])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: klByDecile: studentLogits, teacherLogits must have equal lengths, got 1, 2]`,
    );
  });
});
