import type { MetricResult, VariantResult } from "../run/ablation/results.ts";
import { type Cell, fileName, type ReportTable } from "./figure.ts";
import type { AblationReport } from "./read-ablation.ts";

/** A table for each metric, the share of the teacher's gain kept, and what a search tried. */
export function ablationTables(ablation: AblationReport): readonly ReportTable[] {
  return [
    ...ablation.metrics.map((metric, i) => resultTable(ablation, metric, i)),
    ...keptTable(ablation),
    ...searchTable(ablation),
  ];
}

/** What a row changes of the base. */
export function changes(settings: VariantResult["settings"]): string {
  const words = Object.entries(settings).map(([path, value]) =>
    value === null ? `${path} taken away` : `${path} = ${JSON.stringify(value)}`,
  );
  return words.length === 0 ? "none" : words.join("; ");
}

/** A row's values of a metric. */
export function metricOf({ metrics }: VariantResult, metric: string): MetricResult | undefined {
  return metrics.find((own) => own.metric === metric);
}

/** Metrics beyond these are folded. */
const SHOWN_METRICS = 3;

function resultTable({ results }: AblationReport, metric: string, place: number): ReportTable {
  const rows = results.flatMap((row) => {
    const own = metricOf(row, metric);
    return own === undefined ? [] : [{ variant: row.variant, own }];
  });
  const byUser = rows.some(({ own }) => own.overUsers !== null);
  const users = byUser ? " Over users: the 95 % interval of the same gain by a bootstrap over users." : "";
  return {
    id: `ablation-${fileName(metric)}`,
    caption: `${metric}: mean ± standard deviation over seeds; the mean paired gain over the base, positive is better, with its 95 % interval over seeds; p of a paired t test after Holm's correction over all metrics.${users} A dash: no test, or no value.`,
    columns: ["row", "mean", "gain", "p", ...(byUser ? ["over users"] : [])],
    rows: rows.map(({ variant, own }): readonly Cell[] => [
      variant,
      spread(own),
      gainCell(own),
      own.adjustedP === null ? null : pText(own.adjustedP),
      ...(byUser ? [own.overUsers?.interval ? range(own.overUsers.interval) : null] : []),
    ]),
    folded: place >= SHOWN_METRICS,
  };
}

/** The share of the teacher's gain that rows keep, where the student alone and the teacher are rows. */
function keptTable({ results, metrics }: AblationReport): readonly ReportTable[] {
  const shown = metrics.filter((metric) => results.some((row) => (metricOf(row, metric)?.kept ?? null) !== null));
  const rows = results.filter((row) => shown.some((metric) => (metricOf(row, metric)?.kept ?? null) !== null));
  if (rows.length === 0) return [];
  return [
    {
      id: "ablation-kept",
      caption:
        "Share of the teacher's gain kept: (distilled - alone) / (teacher - alone), with its 95 % interval over users, or over seeds where the metric is no mean over users.",
      columns: ["row", ...shown],
      rows: rows.map((row) => [row.variant, ...shown.map((metric) => keptCell(metricOf(row, metric)?.kept ?? null))]),
    },
  ];
}

/** Candidates of a search by the values on the validation part that kept or stopped them. */
function searchTable({ search }: AblationReport): readonly ReportTable[] {
  if (search === undefined) return [];
  const { metric, rungs, candidates } = search;
  return [
    {
      id: "ablation-search",
      caption: `The search, on the validation part: ${metric} after each rung's epochs; the last ones left are rows of the tables above.`,
      columns: ["candidate", "settings", ...rungs.map((epoch) => `epoch ${epoch}`), "stopped after"],
      rows: candidates.map(({ name, settings, values, stoppedAfter }) => [
        name,
        changes(settings),
        ...rungs.map((_, i) => values[i] ?? null),
        stoppedAfter,
      ]),
    },
  ];
}

function keptCell(kept: MetricResult["kept"]): Cell {
  if (kept === null) return null;
  if (kept.kind === "undefined") return `undefined: ${kept.reason}`;
  return kept.interval === null ? kept.share : { value: kept.share, interval: kept.interval };
}

/** `0.5000 ± 0.0100`. */
export function spread({ mean, sd }: MetricResult): string {
  if (mean === null) return "–";
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}

/** A gain with its interval over seeds. */
export function gainCell({ gain, interval }: MetricResult): Cell {
  return gain === null || interval === null ? gain : { value: gain, interval };
}

const range = (ends: readonly [number, number]): string => `[${ends.map((end) => end.toFixed(4)).join(", ")}]`;
/** A p-value. */
export const pText = (p: number): string => (p < 0.001 ? "< .001" : p.toFixed(3));
