import { didYouMean } from "../../config-schema.ts";
import { ConfigError } from "../../errors.ts";
import { type Direction, holmAdjusted, mean, metricDefinition, pairedTTest } from "../../eval/index.ts";
import { BASE } from "./axes.ts";
import type { Settings } from "./controls.ts";
import { type GainRows, type KeptGain, keptGain } from "./kept-gain.ts";
import type { MeasuredRow } from "./measured-rows.ts";
import type { RowKind } from "./plan.ts";
import { type UserGain, userGain } from "./user-gain.ts";

/** A metric of one variant over its seeds, beside the base's. */
export interface MetricResult {
  readonly metric: string;
  readonly direction: Direction;
  /** Values by seed, in the seeds' order; null where undefined or failed. */
  readonly values: readonly (number | null)[];
  readonly mean: number | null;
  /** Standard deviation, n - 1; null for one seed. */
  readonly sd: number | null;
  /** Mean gain over the base, seed by seed; positive is better. */
  readonly gain: number | null;
  /** Of the gain over seeds, by the t distribution. */
  readonly interval: readonly [number, number] | null;
  readonly pValue: number | null;
  /** After Holm's correction over all variants and metrics. */
  readonly adjustedP: number | null;
  /** Why there is no test. */
  readonly untested: string | null;
  /** Of the gain over users, seeds averaged; null where the metric is no mean over users. */
  readonly overUsers: UserGain | null;
  /** Only where the student alone and the teacher are rows, and for distilled students. */
  readonly kept: KeptGain | null;
}

export interface VariantResult {
  readonly variant: string;
  readonly kind: RowKind;
  /** What it changes of the base, by dotted path. */
  readonly settings: Settings;
  readonly seeds: readonly number[];
  readonly failures: readonly { readonly seed: number; readonly error: string }[];
  readonly metrics: readonly MetricResult[];
  /** Means over its runs; null for rows without runs of their own. */
  readonly cost: VariantCost | null;
  /** The command of its first seed. */
  readonly command: string;
}

/** What a run of a variant took; parts that its runs do not tell are null. */
export interface VariantCost {
  /** Of training, with evaluation and checkpoints. */
  readonly seconds: number;
  readonly wallSeconds: number | null;
  readonly stepsPerSecond: number | null;
  readonly peakMemoryBytes: number | null;
  readonly parameters: Readonly<Record<string, number>>;
  readonly flopsPerScore: Readonly<Record<string, number>>;
}

/** Kinds of rows whose student learns from a teacher. */
const DISTILLED: readonly RowKind[] = ["base", "variant", "search", "without-feature"];

/**
 * Results by row, the base first: mean and deviation over seeds, and the paired difference to the base.
 *
 * @param metrics - `student/recall@10`: model, then metric.
 * @throws {ConfigError} no run has such a metric.
 */
export function ablationResults(
  rows: readonly MeasuredRow[],
  metrics: readonly string[],
  { resamples = 1000 }: { readonly resamples?: number } = {},
): readonly VariantResult[] {
  checkMetrics(rows, metrics);
  const base = rows.find(({ variant }) => variant === BASE)!;
  const gainRows = gainRowsOf(rows);
  const results = rows.map(
    (row): VariantResult => ({
      variant: row.variant,
      kind: row.kind,
      settings: row.settings,
      seeds: row.seeds.map(({ seed }) => seed),
      failures: row.seeds.flatMap(({ seed, error }) => (error === undefined ? [] : [{ seed, error }])),
      metrics: metrics.map((metric) => metricResult(metric, row, { base, gainRows, resamples })),
      cost: costOf(row),
      command: row.seeds[0]!.command,
    }),
  );
  const adjusted = holmAdjusted(results.flatMap((result) => result.metrics.map(({ pValue }) => pValue)));
  let at = 0;
  return results.map((result) => ({
    ...result,
    metrics: result.metrics.map((metric) => ({ ...metric, adjustedP: adjusted[at++] ?? null })),
  }));
}

/** Controls have fixed names, so that their rows are found by them. */
function gainRowsOf(rows: readonly MeasuredRow[]): GainRows | undefined {
  const control = (name: string) => rows.find(({ variant, kind }) => kind === "control" && variant === name);
  const [alone, teacher] = [control("alone"), control("teacher")];
  return alone && teacher && { alone, teacher };
}

function checkMetrics(rows: readonly MeasuredRow[], metrics: readonly string[]): void {
  const tests = rows.flatMap(({ seeds }) => seeds.flatMap(({ result }) => (result?.test ? [result.test] : [])));
  const known = new Set(
    tests.flatMap((test) =>
      Object.entries(test).flatMap(([model, values]) => Object.keys(values).map((name) => `${model}/${name}`)),
    ),
  );
  const wrong = known.size === 0 ? undefined : metrics.find((metric) => !known.has(metric));
  if (wrong === undefined) return;
  throw new ConfigError(`metrics: must name metrics of the runs, got "${wrong}"${didYouMean(wrong, known)}`);
}

interface Beside {
  readonly base: MeasuredRow;
  readonly gainRows: GainRows | undefined;
  readonly resamples: number;
}

function metricResult(metric: string, row: MeasuredRow, { base, gainRows, resamples }: Beside): MetricResult {
  const { direction } = metricDefinition(metric);
  const values = row.seeds.map((seed) => seed.metric(metric));
  const defined = values.filter((value) => value !== null);
  const own = { metric, direction, values, mean: mean(defined), sd: deviation(defined) };
  const shares = DISTILLED.includes(row.kind) && gainRows !== undefined;
  const kept = (shares ? keptGain(row, gainRows, metric, { direction, resamples }) : undefined) ?? null;
  if (row === base) return { ...own, ...NO_GAIN, untested: "the base", kept };
  const gain = gainOverBase(metric, row, base, direction);
  return { ...own, ...gain, overUsers: userGain(row, base, metric, { direction, resamples }) ?? null, kept };
}

const NO_GAIN = { gain: null, interval: null, pValue: null, adjustedP: null, overUsers: null } as const;

function gainOverBase(
  metric: string,
  row: MeasuredRow,
  base: MeasuredRow,
  direction: Direction,
): Pick<MetricResult, "gain" | "interval" | "pValue" | "adjustedP" | "untested"> {
  const pairs = row.seeds.flatMap((seed) => {
    const value = seed.metric(metric);
    const against = base.seeds.find((other) => other.seed === seed.seed)?.metric(metric) ?? null;
    return value === null || against === null ? [] : [[value, against] as const];
  });
  const { overUsers: _, ...none } = NO_GAIN;
  if (pairs.length === 0) return { ...none, untested: "no seed with a value here and in the base" };
  const [candidate, others] = [pairs.map(([value]) => value), pairs.map(([, against]) => against)];
  const test = pairedTTest(candidate, others, { direction });
  if (test.kind === "untested") return { ...none, gain: test.gain, untested: test.reason };
  return { gain: test.gain, interval: test.interval, pValue: test.pValue, adjustedP: null, untested: null };
}

function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const middle = mean(values)!;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1));
}

function costOf({ seeds }: MeasuredRow): VariantCost | null {
  const results = seeds.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const [first] = results;
  if (first === undefined) return null;
  const meanOf = (values: readonly (number | null | undefined)[]): number | null =>
    mean(values.filter((value) => typeof value === "number"));
  return {
    seconds: meanOf(results.map(({ seconds }) => seconds))!,
    wallSeconds: meanOf(results.map(({ cost }) => cost?.wallSeconds)),
    stepsPerSecond: meanOf(results.map(({ cost }) => cost?.stepsPerSecond)),
    peakMemoryBytes: meanOf(results.map(({ cost }) => cost?.peakMemoryBytes)),
    parameters: Object.fromEntries(Object.entries(first.models).map(([model, { values }]) => [model, values])),
    flopsPerScore: first.cost?.flopsPerScore ?? {},
  };
}
