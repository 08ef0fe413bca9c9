import { bootstrapDifference, bootstrapMean, goodness } from "../eval/index.ts";
import { directionOf } from "../run/compare-runs.ts";
import type { Cell, Estimate } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";

/** The results of one model of one run. */
export interface ResultRow {
  /** The model, and its run where there are several. */
  readonly name: string;
  readonly run: RunReport;
  readonly model: string;
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** Samples of a bootstrap over users; enough for two digits of an interval's ends. */
const RESAMPLES = 1000;
/** Most metrics that are shown before one asks for all. */
const MOST_KEY_METRICS = 9;

/** The results of runs of models, in the order of the runs. */
export function resultRows(runs: readonly RunReport[]): readonly ResultRow[] {
  const ofModels = runs.filter(({ kind }) => kind === "models");
  return ofModels.flatMap((run) =>
    Object.entries(run.result?.test ?? {}).map(([model, metrics]) => ({
      name: ofModels.length === 1 ? model : `${run.name}: ${model}`,
      run,
      model,
      metrics,
    })),
  );
}

/** The metrics that a reader looks at first: the monitored one, and the field's usual ones at each cut-off. */
export function keyMetrics(rows: readonly ResultRow[]): readonly string[] {
  const all = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
  const monitored = rows.flatMap(({ run }) => monitorOf(run.config)?.metric ?? []);
  const usual = all.filter((metric) => /(^|\/)(auc|recall@\d+)$|^ndcg@\d+$/.test(metric));
  return [...new Set([...monitored.filter((metric) => all.includes(metric)), ...usual])].slice(0, MOST_KEY_METRICS);
}

/** The metric that picks the best checkpoint. */
export function monitorOf(
  config: RunReport["config"],
): { readonly metric: string; readonly mode: "max" | "min"; readonly model: string } | undefined {
  return (config.evaluate as { readonly monitor?: ReturnType<typeof monitorOf> } | undefined)?.monitor;
}

/** A metric with its interval over users, where the run kept its users' values. */
export function metricCell({ run, model, metrics }: ResultRow, metric: string): Cell {
  const value = metrics[metric] ?? null;
  if (value === null) return null;
  const values = run.perUser?.get(`${model}/${metric}`);
  const interval =
    values && values.size > 0 && bootstrapMean([...values.values()], { seed: 1, resamples: RESAMPLES }).interval;
  return interval ? { value, interval } : value;
}

/** How much better a row is than its base on the same users, positive is better; undefined where users were not kept. */
export function userGain(row: ResultRow, base: ResultRow, metric: string): Estimate | undefined {
  const direction = directionOf(metric);
  const [own, other] = [row, base].map(({ run, model }) => run.perUser?.get(`${model}/${metric}`));
  if (own === undefined || other === undefined || direction === null || direction === "near-one") return undefined;
  const users = [...own.keys()].filter((user) => other.has(user));
  if (users.length === 0) return undefined;
  const [candidate, against] = [own, other].map((values) =>
    Float64Array.from(users, (user) => goodness(values.get(user)!, direction)),
  );
  const { value, interval } = bootstrapDifference(candidate!, against!, { seed: 1, resamples: RESAMPLES });
  return value === null || interval === null ? undefined : { value, interval };
}
