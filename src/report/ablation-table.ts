import type { KeptGain } from "../run/ablation/kept-gain.ts";
import type { NotMade } from "../run/ablation/plan.ts";
import type { MetricResult, VariantCost, VariantResult } from "../run/ablation/results.ts";
import type { SearchResult } from "../run/ablation/search.ts";
import { markdownTable } from "./markdown.ts";

/** What the tables are of. */
export interface AblationTables {
  readonly results: readonly VariantResult[];
  readonly metrics: readonly string[];
  /** Rows that were asked for and could not be. */
  readonly notMade?: readonly NotMade[];
  readonly search?: SearchResult;
}

/** The result as Markdown: values and gains with their intervals, the teacher's gain kept, costs, and the commands. */
export function ablationMarkdown({ results, metrics, notMade = [], search }: AblationTables): string {
  const failures = results.flatMap(({ variant, failures: failed }) =>
    failed.map(({ seed, error }) => `- \`${variant}\`, seed ${seed}: ${error.split("\n").at(-1)}`),
  );
  return [
    gainTable(results, metrics),
    "",
    ...explanation(results),
    ...keptTable(results, metrics),
    ...(search === undefined ? [] : searchTable(search)),
    "",
    "## Costs",
    "",
    costTable(results),
    ...(notMade.length === 0
      ? []
      : ["", "Not made:", ...notMade.map(({ name, reason }) => `- \`${name}\`: ${reason}`)]),
    ...(failures.length === 0 ? [] : ["", "Failed runs:", ...failures]),
    "",
    "Commands, with the first seed of each variant:",
    "",
    "```",
    ...results.map(({ command }) => command),
    "```",
    "",
  ].join("\n");
}

function gainTable(results: readonly VariantResult[], metrics: readonly string[]): string {
  const head = ["variant", "seeds", ...metrics.flatMap((metric) => [metric, "gain"])];
  return markdownTable(
    head,
    results.map((result) => [
      `\`${result.variant}\``,
      result.failures.length === 0
        ? String(result.seeds.length)
        : `${result.seeds.length - result.failures.length} of ${result.seeds.length}`,
      ...result.metrics.flatMap((metric) => [valueCell(metric), gainCell(metric)]),
    ]),
  );
}

function explanation(results: readonly VariantResult[]): string[] {
  const seeds = Math.max(...results.map((result) => result.seeds.length));
  const byUser = results.some((result) => result.metrics.some(({ overUsers }) => overUsers !== null));
  return [
    "Values are mean ± standard deviation over seeds. A gain is the mean paired difference to the base, positive is better.",
    seeds < 2
      ? "One seed only: there is no test over seeds, and a difference may be that seed's luck."
      : "Behind it: its 95 % interval over seeds, and the p of a paired t test after Holm's correction over the whole table.",
    ...(byUser
      ? [
          "users [...]: 95 % interval of the same gain by a bootstrap over users, seeds averaged: the luck of the users, not of the seeds.",
        ]
      : []),
  ];
}

function valueCell({ mean, sd }: MetricResult): string {
  if (mean === null) return "-";
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}

function gainCell({ gain, interval, adjustedP, untested, overUsers }: MetricResult): string {
  if (gain === null) return untested === "the base" ? "" : "-";
  const users = overUsers?.interval ? ` users ${range(overUsers.interval)}` : "";
  if (interval === null) return `${signed(gain)} (-)${users}`;
  return `${signed(gain)} ${range(interval)} p ${adjustedP! < 0.001 ? "< .001" : adjustedP!.toFixed(3)}${users}`;
}

const range = ([low, high]: readonly [number, number]): string => `[${low.toFixed(4)}, ${high.toFixed(4)}]`;
const signed = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;

/** (distilled - alone) / (teacher - alone), where both controls are rows. */
function keptTable(results: readonly VariantResult[], metrics: readonly string[]): string[] {
  const shown = metrics.filter((metric) => results.some((result) => keptOf(result, metric) !== null));
  const rows = results.filter((result) => shown.some((metric) => keptOf(result, metric) !== null));
  if (rows.length === 0) return [];
  const cells = rows.map((result) => [
    `\`${result.variant}\``,
    ...shown.map((metric) => keptCell(keptOf(result, metric))),
  ]);
  return [
    "",
    "## Share of the teacher's gain kept",
    "",
    markdownTable(["variant", ...shown], cells),
    "",
    "(distilled - alone) / (teacher - alone), with a 95 % bootstrap interval over users, or over seeds (s) where the metric is",
    "no mean over users; undefined where the teacher is no better than the student alone.",
  ];
}

/** Every candidate and its values on the validation part, those that are left first. */
function searchTable({ metric, rungs, candidates }: SearchResult): string[] {
  const cells = candidates.map(({ name, settings, values, stoppedAfter }) => [
    `\`${name}\``,
    Object.entries(settings)
      .map(([path, value]) => `${path}=${JSON.stringify(value)}`)
      .join(" "),
    ...rungs.map((_, i) => (i < values.length ? (values[i]?.toFixed(4) ?? "-") : "")),
    stoppedAfter === null ? "left" : `stopped after epoch ${stoppedAfter}`,
  ]);
  const heads = rungs.map((epoch) => `epoch ${epoch}`);
  return [
    "",
    `## Search by ${metric} on the validation part`,
    "",
    markdownTable(["candidate", "settings", ...heads, ""], cells),
    "",
    "Candidates that are left were trained to the end with every seed and are rows of the table above; the test part was not",
    "looked at to choose them.",
  ];
}

function keptOf({ metrics }: VariantResult, metric: string): KeptGain | null {
  return metrics.find((own) => own.metric === metric)?.kept ?? null;
}

function keptCell(kept: KeptGain | null): string {
  if (kept === null) return "-";
  if (kept.kind === "undefined") return `undefined: ${kept.reason}`;
  const interval = kept.interval === null ? "(-)" : `[${kept.interval.map((end) => end.toFixed(2)).join(", ")}]`;
  return `${kept.share.toFixed(2)} ${interval}${kept.over === "seeds" ? " s" : ""}`;
}

function costTable(results: readonly VariantResult[]): string {
  const withRuns = results.filter((result) => result.cost !== null);
  return markdownTable(
    ["variant", "train s", "wall s", "steps/s", "peak MB", "parameters", "FLOPs/score"],
    withRuns.map(({ variant, cost }) => [`\`${variant}\``, ...costCells(cost!)]),
  );
}

function costCells(cost: VariantCost): string[] {
  const number = (value: number | null): string => (value === null ? "-" : value.toFixed(1));
  const counts = (byModel: Readonly<Record<string, number>>): string =>
    Object.entries(byModel)
      .map(([model, count]) => `${model} ${count.toLocaleString("en")}`)
      .join(", ") || "-";
  return [
    number(cost.seconds),
    number(cost.wallSeconds),
    number(cost.stepsPerSecond),
    number(cost.peakMemoryBytes === null ? null : cost.peakMemoryBytes / 1e6),
    counts(cost.parameters),
    counts(cost.flopsPerScore),
  ];
}

/** A flat row of names and values. */
export type FlatRecord = Readonly<Record<string, string | number | null>>;

/** One row a variant and metric: what a program reads. */
export function ablationRecords(results: readonly VariantResult[]): readonly FlatRecord[] {
  return results.flatMap((result) =>
    result.metrics.map((metric) => ({ ...metricRecord(result, metric), ...costRecord(result) })),
  );
}

function metricRecord({ variant, kind, settings, seeds }: VariantResult, own: MetricResult): FlatRecord {
  const { metric, direction, mean, sd, gain, interval, pValue, adjustedP, values, untested, overUsers, kept } = own;
  return {
    variant,
    kind,
    settings: JSON.stringify(settings),
    metric,
    direction,
    seeds: seeds.join(" "),
    values: values.map((value) => value ?? "").join(" "),
    mean,
    sd,
    gain,
    gainLow: interval?.[0] ?? null,
    gainHigh: interval?.[1] ?? null,
    pValue,
    adjustedP,
    untested,
    users: overUsers?.users ?? null,
    usersLow: overUsers?.interval?.[0] ?? null,
    usersHigh: overUsers?.interval?.[1] ?? null,
    keptShare: kept?.kind === "share" ? kept.share : null,
    keptLow: kept?.kind === "share" ? (kept.interval?.[0] ?? null) : null,
    keptHigh: kept?.kind === "share" ? (kept.interval?.[1] ?? null) : null,
    keptUndefined: kept?.kind === "undefined" ? kept.reason : null,
  };
}

function costRecord({ cost, command }: VariantResult): FlatRecord {
  const sum = (byModel: Readonly<Record<string, number>> | undefined): number | null =>
    byModel === undefined ? null : Object.values(byModel).reduce((total, count) => total + count, 0);
  return {
    trainSeconds: cost?.seconds ?? null,
    wallSeconds: cost?.wallSeconds ?? null,
    stepsPerSecond: cost?.stepsPerSecond ?? null,
    peakMemoryBytes: cost?.peakMemoryBytes ?? null,
    parameters: sum(cost?.parameters),
    flopsPerScore: cost === null ? null : JSON.stringify(cost.flopsPerScore),
    command,
  };
}

/** Records as CSV; texts are quoted where they must be. */
export function toCsv(records: readonly FlatRecord[]): string {
  const names = Object.keys(records[0] ?? {});
  const cell = (value: string | number | null | undefined): string => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${[names, ...records.map((record) => names.map((name) => record[name]))].map((row) => row.map(cell).join(",")).join("\n")}\n`;
}
