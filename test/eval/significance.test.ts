import { describe, expect, it } from "vitest";
import { bootstrap, bootstrapDifference, bootstrapMean } from "../../src/eval/bootstrap.ts";
import { holmAdjusted } from "../../src/eval/holm.ts";
import { METRIC_DEFINITIONS, metricDefinition } from "../../src/eval/metric-definitions.ts";
import { goodness, isBetter } from "../../src/eval/metric-direction.ts";
import { pairedTTest } from "../../src/eval/paired-t-test.ts";
import { shareOfGain } from "../../src/eval/share-of-gain.ts";
import { randomStream } from "../../src/random.ts";

function normals(count: number, seed: number, shift = 0): Float64Array {
  const stream = randomStream(seed, "test");
  return Float64Array.from({ length: count }, () => shift + stream.normal());
}

describe("pairedTTest", () => {
  it("takes the direction into account: a lower loss is a gain", () => {
    const test = pairedTTest([0.5, 0.4, 0.45], [0.6, 0.55, 0.5], { direction: "min" });
    if (test.kind !== "tested") throw new Error("must be tested");
    expect(test.gain).toBeCloseTo(0.1, 15);
    expect(test.t).toBeCloseTo(0.1 / (0.05 / Math.sqrt(3)), 12);
    expect(test.interval[0]).toBeLessThan(0);
  });

  it("a ratio gains by coming nearer to one from either side", () => {
    const test = pairedTTest([1.1, 0.95], [1.4, 0.7], { direction: "near-one" });
    expect(test.gain).toBeCloseTo((Math.log(1.4 / 1.1) + Math.log(0.95 / 0.7)) / 2, 15);
  });

  it("says why there is no test", () => {
    expect(pairedTTest([1], [0.5], { direction: "max" })).toEqual({
      kind: "untested",
      seeds: 1,
      gain: 0.5,
      reason: "a paired test needs 2 seeds or more, got 1",
    });
    expect(pairedTTest([], [], { direction: "max" }).gain).toBeNull();
    expect(pairedTTest([1, 2], [0.5, 1.5], { direction: "max" })).toMatchObject({
      reason: "every seed gives the same difference",
    });
  });

  it("refuses unpaired seeds and NaN", () => {
    expect(() => pairedTTest([1], [1, 2], { direction: "max" })).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: pairedTTest: candidate, base must have equal lengths, got 1, 2]`,
    );
    expect(() => pairedTTest([Number.NaN], [1], { direction: "max" })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: pairedTTest: candidate must be finite, got NaN at 0]`,
    );
    expect(() => pairedTTest([1], [1], { direction: "max", level: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: pairedTTest: level must be in (0, 1), got 1]`,
    );
  });
});

describe("holmAdjusted", () => {
  it("steps down, never falls, never exceeds 1, leaves null alone", () => {
    expect(holmAdjusted([0.01, null, 0.04, 0.03, 0.005])).toEqual([0.03, null, 0.06, 0.06, 0.02]);
    expect(holmAdjusted([0.9, 0.8])).toEqual([1, 1]);
    expect(holmAdjusted([0.03])).toEqual([0.03]);
    expect(holmAdjusted([])).toEqual([]);
  });

  it("refuses what is no p-value", () => {
    expect(() => holmAdjusted([0.5, 1.2])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: holmAdjusted: pValues must be in [0, 1] or null, got 1.2 at 1]`,
    );
    expect(() => holmAdjusted([Number.NaN])).toThrowErrorMatchingInlineSnapshot(
      `[DataError: holmAdjusted: pValues must be in [0, 1] or null, got NaN at 0]`,
    );
  });
});

describe("bootstrap", () => {
  it("gives the same interval for the same seed and another for another", () => {
    const values = normals(50, 1);
    const [a, b, c] = [3, 3, 4].map((seed) => bootstrapMean(values, { seed, resamples: 200 }));
    expect(a).toEqual(b);
    expect(a!.interval).not.toEqual(c!.interval);
  });

  it("comes near the normal interval of a mean", () => {
    const values = normals(400, 2);
    const mean = values.reduce((sum, value) => sum + value, 0) / 400;
    const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 399);
    const { value, interval } = bootstrapMean(values, { seed: 5, resamples: 4000 });
    expect(value).toBeCloseTo(mean, 15);
    const half = (1.96 * sd) / 20;
    expect(Math.abs(interval![0] - (mean - half))).toBeLessThan(0.1 * half);
    expect(Math.abs(interval![1] - (mean + half))).toBeLessThan(0.1 * half);
  });

  it("covers the truth about as often as it says", () => {
    const covered = Array.from({ length: 300 }, (_, i) => {
      const [low, high] = bootstrapMean(normals(40, 100 + i), { seed: i, resamples: 300, level: 0.9 }).interval!;
      return low <= 0 && 0 <= high;
    }).filter(Boolean).length;
    expect(covered / 300).toBeGreaterThan(0.84);
    expect(covered / 300).toBeLessThan(0.94);
  });

  it("draws every unit about equally often", () => {
    const drawn = new Float64Array(20);
    const count = (sample: Int32Array) => {
      for (const unit of sample) drawn[unit]!++;
      return 0;
    };
    bootstrap(20, count, { seed: 9, resamples: 2000 });
    // 1 of the units themselves + 2000 on average, standard deviation 44
    for (const times of drawn) expect(Math.abs(times - 2001)).toBeLessThan(220);
  });

  it("pairs users: a constant gain has no spread", () => {
    const base = normals(30, 7);
    const { value, interval } = bootstrapDifference(
      base.map((x) => x + 0.25),
      base,
      { seed: 1, resamples: 100 },
    );
    for (const number of [value!, ...interval!]) expect(number).toBeCloseTo(0.25, 14);
  });

  it("gives no interval where the statistic is too often undefined", () => {
    const never = bootstrap(3, () => null, { seed: 1, resamples: 10 });
    expect(never).toEqual({ value: null, interval: null, undefinedResamples: 10 });
  });

  it("refuses nothing to draw from", () => {
    expect(() => bootstrapMean([], { seed: 1 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: bootstrap: units must be a whole number >= 1, got 0]`,
    );
    expect(() => bootstrapMean([1], { seed: 1, resamples: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: bootstrap: resamples must be a whole number >= 1, got 0]`,
    );
  });
});

describe("shareOfGain", () => {
  const alone = normals(200, 11, 0.2);
  const teacher = alone.map((x, i) => x + 0.1 + 0.01 * Math.sin(i));
  const distilled = alone.map((x, i) => x + 0.06 + 0.02 * Math.cos(i));

  it("is the part of the teacher's lead that the student got", () => {
    const result = shareOfGain({ alone, distilled, teacher }, { direction: "max", seed: 1, resamples: 500 });
    if (result.kind !== "share") throw new Error("must be a share");
    expect(result.share).toBeGreaterThan(0.55);
    expect(result.share).toBeLessThan(0.65);
    expect(result.interval![0]).toBeLessThan(result.share);
    expect(result.interval![1]).toBeGreaterThan(result.share);
    expect(result.undefinedResamples).toBe(0);
  });

  it("is the same share for a metric that should fall", () => {
    const negative = (values: Float64Array) => values.map((x) => -x);
    const options = { seed: 1, resamples: 50 };
    const up = shareOfGain({ alone, distilled, teacher }, { direction: "max", ...options });
    const down = shareOfGain(
      { alone: negative(alone), distilled: negative(distilled), teacher: negative(teacher) },
      { direction: "min", ...options },
    );
    expect(down).toEqual(up);
  });

  it("is undefined where the teacher is no better", () => {
    const result = shareOfGain(
      { alone: teacher, distilled, teacher: alone },
      { direction: "max", seed: 1, resamples: 10 },
    );
    expect(result).toEqual({ kind: "undefined", reason: "the teacher is no better than the student alone" });
    expect(shareOfGain({ alone, distilled, teacher: alone }, { direction: "max", seed: 1, resamples: 9 }).kind).toBe(
      "undefined",
    );
  });

  it("keeps the share but gives no interval where the teacher's lead is mostly chance", () => {
    const noisy = alone.map((x, i) => x + (i === 0 ? 1 : 0) - (i === 1 ? 0.9 : 0));
    const result = shareOfGain({ alone, distilled, teacher: noisy }, { direction: "max", seed: 1, resamples: 400 });
    expect(result).toMatchObject({ kind: "share", interval: null });
    if (result.kind === "share") expect(result.undefinedResamples).toBeGreaterThan(20);
  });
});

describe("metric definitions", () => {
  it("finds the metric behind prefixes and cut-offs", () => {
    expect(metricDefinition("test/ctr/auc").direction).toBe("max");
    expect(metricDefinition("attended/recall@100")).toBe(METRIC_DEFINITIONS.recall);
    expect(metricDefinition("teacher_recall@500@100").direction).toBe("max");
    expect(metricDefinition("loss/kd/ctr/kl").direction).toBe("min");
    expect(metricDefinition("ctcvr/calibration").direction).toBe("near-one");
  });

  it("refuses unknown names, missing and wrong cut-offs", () => {
    const messages = ["recal@10", "recall", "recall@0", "recall@x", "auc@10", "toString", ""].map((name) => {
      try {
        return metricDefinition(name);
      } catch (error) {
        return String(error);
      }
    });
    expect(messages).toMatchInlineSnapshot(`
      [
        "ConfigError: metricDefinition: name must be a known metric, got recal@10; did you mean recall?",
        "ConfigError: metricDefinition: name must have the form recall@<k>, got recall",
        "ConfigError: metricDefinition: name must have the form recall@<k>, got recall@0",
        "ConfigError: metricDefinition: name must have the form recall@<k>, got recall@x",
        "ConfigError: metricDefinition: name must have the form auc, got auc@10",
        "ConfigError: metricDefinition: name must be a known metric, got toString",
        "ConfigError: metricDefinition: name must be a known metric, got ",
      ]
    `);
  });

  it("turns every direction into more is better", () => {
    expect(goodness(0.3, "min")).toBe(-0.3);
    expect(isBetter(0.2, 0.3, "min")).toBe(true);
    expect(isBetter(0.2, 0.3, "max")).toBe(false);
    expect(isBetter(0.9, 1.2, "near-one")).toBe(true);
    expect(goodness(1, "near-one")).toBe(-0);
  });
});
