import { didYouMean } from "../../config-schema.ts";
import { ConfigError } from "../../errors.ts";
import { holmAdjusted, metricDefinition, pairedTTest } from "../../eval/index.ts";
import type { RunOutcome } from "./execute-plan.ts";
import { BASE } from "./plan.ts";

/** A metric of one variant over its seeds, beside the base's. */
export interface MetricResult {
  readonly metric: string;
  readonly direction: "max" | "min" | "near-one";
  /** Values by seed, in the seeds' order; null where undefined or failed. */
  readonly values: readonly (number | null)[];
  readonly mean: number | null;
  /** Standard deviation, n - 1; null for one seed. */
  readonly sd: number | null;
  /** Mean gain over the base, seed by seed; positive is better. */
  readonly gain: number | null;
  readonly interval: readonly [number, number] | null;
  readonly pValue: number | null;
  /** After Holm's correction over all variants and metrics. */
  readonly adjustedP: number | null;
  /** Why there is no test. */
  readonly untested: string | null;
}

export interface VariantResult {
  readonly variant: string;
  readonly seeds: readonly number[];
  readonly failures: readonly { readonly seed: number; readonly error: string }[];
  readonly metrics: readonly MetricResult[];
  /** Mean seconds of training, and parameters of each model. */
  readonly seconds: number | null;
  readonly parameters: Readonly<Record<string, number>>;
  /** The command of its first seed. */
  readonly command: string;
}

/**
 * Results by variant, the base first: mean and deviation over seeds, and the paired difference to the base.
 *
 * @param metrics - `student/recall@10`: model, then metric.
 * @throws {ConfigError} no run has such a metric.
 */
export function ablationResults(outcomes: readonly RunOutcome[], metrics: readonly string[]): readonly VariantResult[] {
  checkMetrics(outcomes, metrics);
  const names = [...new Set(outcomes.map(({ run }) => run.variant))];
  const base = outcomes.filter(({ run }) => run.variant === BASE);
  const results = names.map((name) =>
    variantResult(
      outcomes.filter(({ run }) => run.variant === name),
      base,
      metrics,
    ),
  );
  const tests = results.flatMap((result) => result.metrics.map(({ pValue }) => pValue));
  const adjusted = holmAdjusted(tests);
  let at = 0;
  return results.map((result) => ({
    ...result,
    metrics: result.metrics.map((metric) => ({ ...metric, adjustedP: adjusted[at++] ?? null })),
  }));
}

function checkMetrics(outcomes: readonly RunOutcome[], metrics: readonly string[]): void {
  const known = new Set(
    outcomes.flatMap((outcome) =>
      outcome.kind === "failed"
        ? []
        : Object.entries(outcome.result.test ?? {}).flatMap(([model, values]) =>
            Object.keys(values).map((name) => `${model}/${name}`),
          ),
    ),
  );
  const wrong = known.size === 0 ? undefined : metrics.find((metric) => !known.has(metric));
  if (wrong === undefined) return;
  throw new ConfigError(`metrics: must name metrics of the runs, got "${wrong}"${didYouMean(wrong, known)}`);
}

function variantResult(
  outcomes: readonly RunOutcome[],
  base: readonly RunOutcome[],
  metrics: readonly string[],
): VariantResult {
  const done = outcomes.filter((outcome) => outcome.kind === "done");
  return {
    variant: outcomes[0]!.run.variant,
    seeds: outcomes.map(({ run }) => run.seed),
    failures: outcomes.flatMap((outcome) =>
      outcome.kind === "failed" ? [{ seed: outcome.run.seed, error: outcome.error }] : [],
    ),
    metrics: metrics.map((metric) => metricResult(metric, outcomes, base)),
    seconds: meanOf(done.map(({ result }) => result.seconds)),
    parameters: Object.fromEntries(
      Object.entries(done[0]?.result.models ?? {}).map(([model, { values }]) => [model, values]),
    ),
    command: outcomes[0]!.command,
  };
}

function metricResult(metric: string, outcomes: readonly RunOutcome[], base: readonly RunOutcome[]): MetricResult {
  const { direction } = metricDefinition(metric);
  const values = outcomes.map((outcome) => metricOf(outcome, metric));
  const defined = values.filter((value) => value !== null);
  const mean = meanOf(defined);
  const sd =
    defined.length < 2
      ? null
      : Math.sqrt(defined.reduce((sum, value) => sum + (value - mean!) ** 2, 0) / (defined.length - 1));
  const none = { gain: null, interval: null, pValue: null, adjustedP: null };
  const own = { metric, direction, values, mean, sd };
  if (outcomes[0]!.run.variant === BASE) return { ...own, ...none, untested: "the base" };
  const pairs = outcomes.flatMap((outcome, i) => {
    const other = base.find(({ run }) => run.seed === outcome.run.seed);
    const [value, against] = [values[i], other && metricOf(other, metric)];
    return value === null || value === undefined || against === null || against === undefined
      ? []
      : [[value, against] as const];
  });
  if (pairs.length === 0) return { ...own, ...none, untested: "no seed with a value here and in the base" };
  const test = pairedTTest(
    pairs.map(([value]) => value),
    pairs.map(([, against]) => against),
    { direction },
  );
  if (test.kind === "untested") return { ...own, ...none, gain: test.gain, untested: test.reason };
  return { ...own, gain: test.gain, interval: test.interval, pValue: test.pValue, adjustedP: null, untested: null };
}

function metricOf(outcome: RunOutcome, metric: string): number | null {
  if (outcome.kind === "failed") return null;
  const [model, ...rest] = metric.split("/");
  return outcome.result.test?.[model!]?.[rest.join("/")] ?? null;
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
