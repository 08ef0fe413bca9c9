import { pairedTTest } from "../eval/index.ts";
import { directionOf } from "../run/compare-runs.ts";
import { formatNumber } from "./cell-text.ts";
import type { Cell, ReportTable } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";

/** Runs that differ in their seed alone. */
export interface SeedGroup {
  /** The first run's name. */
  readonly name: string;
  readonly runs: readonly RunReport[];
}

/** Groups runs by what was asked but for the seed, in the order of their first runs. */
export function seedGroups(runs: readonly RunReport[]): readonly SeedGroup[] {
  const groups = new Map<string, RunReport[]>();
  for (const run of runs) {
    const key = JSON.stringify({ ...run.config, seed: null });
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return [...groups.values()].map((own) => ({ name: own[0]!.name, runs: own }));
}

/** Mean and deviation over seeds, and the paired difference to the first group. */
export function seedTable(groups: readonly SeedGroup[], metrics: readonly string[]): ReportTable {
  const models = [
    ...new Set(groups.flatMap(({ runs }) => runs.flatMap(({ result }) => Object.keys(result?.test ?? {})))),
  ];
  const rows = groups.flatMap((group) =>
    models.flatMap((model) =>
      metrics.flatMap((metric): readonly Cell[][] => {
        const values = definedOf(group, model, metric);
        if (values.length === 0) return [];
        const means = values.map(({ value }) => value);
        const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
        return [
          [
            `${group.name}: ${model}`,
            metric,
            means.length,
            mean,
            deviation(means, mean),
            ...(group === groups[0] ? [null, "the base"] : gain(group, groups[0]!, model, metric)),
          ],
        ];
      }),
    ),
  );
  return {
    id: "seeds",
    caption: `Over seeds: mean, standard deviation, and the paired gain over ${groups[0]!.name} (positive is better) with its 95 % interval; p of a paired t test, not corrected for the number of tests.`,
    columns: ["runs", "metric", "seeds", "mean", "deviation", "gain", "p"],
    rows,
  };
}

interface SeedValue {
  readonly seed: unknown;
  readonly value: number;
}

function definedOf({ runs }: SeedGroup, model: string, metric: string): readonly SeedValue[] {
  return runs.flatMap(({ config, result }) => {
    const value = result?.test?.[model]?.[metric] ?? null;
    return value === null ? [] : [{ seed: config.seed, value }];
  });
}

function deviation(values: readonly number[], mean: number): number | null {
  if (values.length < 2) return null;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

function gain(group: SeedGroup, base: SeedGroup, model: string, metric: string): [gain: Cell, p: string] {
  const direction = directionOf(metric);
  const others = new Map(definedOf(base, model, metric).map(({ seed, value }) => [seed, value]));
  const pairs = definedOf(group, model, metric).filter(({ seed }) => others.has(seed));
  if (direction === null || pairs.length === 0) return [null, "no seed in common"];
  const test = pairedTTest(
    pairs.map(({ value }) => value),
    pairs.map(({ seed }) => others.get(seed)!),
    { direction },
  );
  if (test.kind === "untested") return [test.gain, test.reason];
  return [{ value: test.gain, interval: test.interval }, test.pValue < 0.001 ? "< .001" : formatNumber(test.pValue)];
}
