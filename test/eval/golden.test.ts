// Numbers of scikit-learn and scipy: test/golden/metrics.py made them.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { auc } from "../../src/eval/auc.ts";
import { bootstrap } from "../../src/eval/bootstrap.ts";
import { expectedCalibrationError, normalisedEntropyFromLogits, reliabilityTable } from "../../src/eval/calibration.ts";
import { itemSets } from "../../src/eval/item-sets.ts";
import { logloss, loglossFromLogits } from "../../src/eval/logloss.ts";
import { kendallTau } from "../../src/eval/pair-order.ts";
import { pairedTTest } from "../../src/eval/paired-t-test.ts";
import { prAuc } from "../../src/eval/pr-auc.ts";
import { rankingMetrics } from "../../src/eval/ranking-metrics.ts";
import { studentTQuantile, studentTTail } from "../../src/eval/student-t.ts";

interface Golden {
  readonly scored: readonly Readonly<Record<"logits" | "labels" | "weights", number[]> & Record<string, number>>[];
  readonly long: Readonly<Record<"rows" | "auc" | "weightedAuc" | "prAuc" | "kendall", number>>;
  readonly kendall: readonly { readonly a: number[]; readonly b: number[]; readonly tau: number }[];
  readonly tTest: readonly {
    readonly candidate: number[];
    readonly base: number[];
    readonly t: number;
    readonly pValue: number;
    readonly interval90: [number, number];
  }[];
  readonly tails: readonly {
    readonly t: number;
    readonly degrees: number;
    readonly tail: number;
    readonly quantile: number;
  }[];
  readonly ranking: {
    readonly top: number[][];
    readonly all: number[][];
    readonly relevant: number[][];
    readonly ndcg: Readonly<Record<string, number>>;
    readonly mapOfAll: number;
    readonly hitrate: Readonly<Record<string, number>>;
  };
  readonly reliability: Readonly<Record<"p" | "labels" | "observed" | "predicted", number[]>> & {
    readonly ece: number;
  };
  readonly percentiles: { readonly values: number[]; readonly quantiles: Readonly<Record<string, number>> };
}

const golden: Golden = JSON.parse(readFileSync(new URL("../golden/metrics.json", import.meta.url), "utf8"));

function expectRelative(value: number | null | undefined, expected: number, tolerance = 1e-12): void {
  expect(value).toBeTypeOf("number");
  expect(Math.abs(value! - expected)).toBeLessThanOrEqual(tolerance * Math.max(Math.abs(expected), 1e-300));
}

describe("scikit-learn", () => {
  it.each(golden.scored.map((rows, index) => ({ rows, index })))("scored rows $index", ({ rows }) => {
    const { logits, labels, weights } = rows;
    const probabilities = logits.map((z) => 1 / (1 + Math.exp(-z)));
    expectRelative(auc(logits, labels), rows.auc!);
    expectRelative(auc(logits, labels, { weights }), rows.weightedAuc!);
    expectRelative(prAuc(logits, labels), rows.prAuc!);
    expectRelative(prAuc(logits, labels, { weights }), rows.weightedPrAuc!);
    expectRelative(logloss(probabilities, labels), rows.logloss!);
    expectRelative(loglossFromLogits(logits, labels), rows.logloss!);
    expectRelative(loglossFromLogits(logits, labels, { weights }), rows.weightedLogloss!);
    expectRelative(normalisedEntropyFromLogits(logits, labels), rows.normalisedEntropy!);
  });

  it("long rows, past the length where sorting changes its method", () => {
    const { rows } = golden.long;
    const scores = Float64Array.from({ length: rows }, (_, i) => (((i * 7919) % 5003) - 2500) / 64);
    const labels = Int32Array.from({ length: rows }, (_, i) => ((i * 31) % 7 < 2 ? 1 : 0));
    const weights = Float64Array.from({ length: rows }, (_, i) => (i % 11) / 4);
    expectRelative(auc(scores, labels), golden.long.auc);
    expectRelative(auc(Float32Array.from(scores), labels, { weights }), golden.long.weightedAuc);
    expectRelative(prAuc(scores, labels), golden.long.prAuc);
    expectRelative(kendallTau(scores, weights), golden.long.kendall, 1e-11);
  });

  it("NDCG, average precision and hit rate of rankings", () => {
    const { all, relevant, ndcg, mapOfAll, hitrate } = golden.ranking;
    const pairs = relevant.flatMap((items, user) => items.map((item) => [user, item] as const));
    const sets = itemSets(
      pairs.map(([user]) => user),
      pairs.map(([, item]) => item),
      relevant.length,
    );
    const lists = { users: all.length, width: all[0]!.length, items: Int32Array.from(all.flat()) };
    const { means } = rankingMetrics(lists, sets, { ks: [1, 3, 10, 20, 40] });
    for (const [k, value] of Object.entries(ndcg)) expectRelative(means[`ndcg@${k}`], value);
    for (const [k, value] of Object.entries(hitrate)) expectRelative(means[`hitrate@${k}`], value);
    expectRelative(means["map@40"], mapOfAll);
    expect(means["recall@40"]).toBe(1);
  });

  it("reliability by quantiles", () => {
    const { p, labels, observed, predicted, ece } = golden.reliability;
    const table = reliabilityTable(p, labels);
    expect(table.map(({ rows }) => rows)).toEqual(Array(10).fill(50));
    for (const [bin, row] of table.entries()) {
      expectRelative(row.observed, observed[bin]!);
      expectRelative(row.predicted, predicted[bin]!);
    }
    expectRelative(expectedCalibrationError(p, labels), ece);
  });
});

describe("scipy and numpy", () => {
  it.each(golden.kendall.map((pair, index) => ({ ...pair, index })))("tau-b $index", ({ a, b, tau }) => {
    expectRelative(kendallTau(a, b), tau);
  });

  it.each(golden.tails)("Student's t = $t with $degrees degrees", ({ t, degrees, tail, quantile }) => {
    expectRelative(studentTTail(t, degrees), tail);
    expectRelative(studentTQuantile(0.05, degrees), quantile);
  });

  it.each(golden.tTest)("paired t test, p = $pValue", ({ candidate, base, t, pValue, interval90 }) => {
    const up = pairedTTest(candidate, base, { direction: "max", level: 0.9 });
    const down = pairedTTest(candidate, base, { direction: "min", level: 0.9 });
    if (up.kind === "untested" || down.kind === "untested") throw new Error("must be tested");
    expectRelative(up.t, t, 1e-9); // differences of like numbers: the sums themselves cancel
    expectRelative(up.pValue, pValue, 1e-9);
    expectRelative(up.interval[0], interval90[0], 1e-9);
    expectRelative(up.interval[1], interval90[1], 1e-9);
    expect([down.t, down.gain, down.pValue]).toEqual([-up.t, -up.gain, up.pValue]);
    expect(down.interval).toEqual([-up.interval[1], -up.interval[0]]);
  });

  it("percentiles", () => {
    // A "resample" that plays back the stored values one by one makes the interval their percentiles.
    const { values, quantiles } = golden.percentiles;
    let next = -1;
    const play = () => values[next++ % values.length] ?? values[0]!;
    const { interval } = bootstrap(1, play, { seed: 1, resamples: values.length });
    expectRelative(interval![0], quantiles["0.025"]!);
    expectRelative(interval![1], quantiles["0.975"]!);
  });
});
