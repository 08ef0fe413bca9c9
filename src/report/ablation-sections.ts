import type { MetricResult, VariantResult } from "../run/ablation/results.ts";
import { ablationFigures } from "./ablation-figures.ts";
import { describeModels } from "./asked-section.ts";
import { cellText } from "./cell-text.ts";
import { byModel, megabytes } from "./cost-section.ts";
import { dataSection } from "./data-section.ts";
import { type Cell, fileName, isEmpty, type ReportSection, type ReportTable, section } from "./figure.ts";
import { type AblationReport, baseOf } from "./read-ablation.ts";

/** The sections of a report over an ablation. */
export function ablationSections(ablation: AblationReport): readonly ReportSection[] {
  const { metrics, base } = ablation;
  return [
    summary(ablation),
    asked(ablation),
    ...(base === undefined ? [] : [dataSection([base])]),
    section("Results", {
      figures: ablationFigures(ablation),
      tables: [...metrics.map((metric, i) => resultTable(ablation, metric, i)), ...keptTable(ablation)],
    }),
    cost(ablation),
  ].filter((part) => !isEmpty(part));
}

function summary({ results, metrics, notMade }: AblationReport): ReportSection {
  const metric = metrics[0]!;
  const base = metricOf(baseOf(results), metric);
  const others = results.filter(({ kind }) => kind === "variant" || kind === "search");
  const gained = others.filter((row) => gainOf(row, metric) !== null);
  const best = gained.reduce<VariantResult | undefined>(
    (a, b) => (a === undefined || gainOf(b, metric)! > gainOf(a, metric)! ? b : a),
    undefined,
  );
  const seeds = Math.max(...results.map((row) => row.seeds.length));
  const failures = results.flatMap(({ variant, failures: failed }) =>
    failed.map(({ seed, error }) => `${variant} failed with seed ${seed}: ${error.split("\n").at(-1)}`),
  );
  return section("In short", {
    notes: [
      ...(seeds === 1 ? ["One seed a row: there is no test over seeds, and differences can be chance."] : []),
      ...failures,
      ...undefinedNotes(results),
      ...notMade.map(({ name, reason }) => `${name} is not made: ${reason}.`),
    ],
    paragraphs: [
      ...(base === undefined ? [] : [`${metric} of the base: ${spread(base)}.`]),
      ...(best === undefined ? [] : [bestWords(best, metricOf(best, metric)!, gained.length)]),
    ],
  });
}

/** Runs that ended well and gave no value of a metric. */
function undefinedNotes(results: readonly VariantResult[]): readonly string[] {
  const empty = results.flatMap(({ variant, metrics, failures }) =>
    metrics
      .filter(({ values }) => values.filter((value) => value === null).length > failures.length)
      .map(({ metric }) => `${metric} of ${variant}`),
  );
  return empty.length === 0 ? [] : [`Undefined for some seeds, which are left out there: ${empty.join(", ")}.`];
}

function metricOf({ metrics }: VariantResult, metric: string): MetricResult | undefined {
  return metrics.find((own) => own.metric === metric);
}

const gainOf = (row: VariantResult, metric: string): number | null => metricOf(row, metric)?.gain ?? null;

function bestWords({ variant }: VariantResult, own: MetricResult, variants: number): string {
  const gain = `${own.gain! >= 0 ? "+" : ""}${cellText(gainCell(own), "")}`;
  const test = own.adjustedP === null ? "no test over seeds" : `p ${pText(own.adjustedP)} after Holm's correction`;
  return `The best of ${variants} variants: ${variant}, ${spread(own)}, a gain of ${gain} over the base (${test}). The best of many is partly luck.`;
}

function asked({ name, results, base }: AblationReport): ReportSection {
  const seeds = [...new Set(results.flatMap((row) => row.seeds))];
  return section("What was asked", {
    paragraphs: [
      `${name}: ${results.length} rows, the base included; seeds ${seeds.join(", ")}.`,
      ...(base === undefined ? [] : [`The base: ${describeModels(base)}`]),
    ],
    tables: [
      {
        id: "variants",
        caption: "What each row is, and what it changes in the base.",
        columns: ["row", "kind", "settings"],
        rows: results.map(({ variant, kind, settings }) => [variant, kind.replaceAll("-", " "), changes(settings)]),
      },
    ],
  });
}

function changes(settings: VariantResult["settings"]): string {
  const words = Object.entries(settings).map(([path, value]) =>
    value === null ? `${path} taken away` : `${path} = ${JSON.stringify(value)}`,
  );
  return words.length === 0 ? "none" : words.join("; ");
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

function keptCell(kept: MetricResult["kept"]): Cell {
  if (kept === null) return null;
  if (kept.kind === "undefined") return `undefined: ${kept.reason}`;
  return kept.interval === null ? kept.share : { value: kept.share, interval: kept.interval };
}

function spread({ mean, sd }: MetricResult): string {
  if (mean === null) return "–";
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}

function gainCell({ gain, interval }: MetricResult): Cell {
  return gain === null || interval === null ? gain : { value: gain, interval };
}

const range = (ends: readonly [number, number]): string => `[${ends.map((end) => end.toFixed(4)).join(", ")}]`;
const pText = (p: number): string => (p < 0.001 ? "< .001" : p.toFixed(3));

function cost({ results }: AblationReport): ReportSection {
  const timed = results.flatMap(({ variant, cost: own }) => (own === null ? [] : [{ variant, own }]));
  return section("Time, memory and commands", {
    tables: [
      {
        id: "cost",
        caption: "What a run of each row took, means over its runs.",
        columns: ["row", "train seconds", "all seconds", "steps/s", "peak MB", "parameters", "FLOPs a score"],
        rows: timed.map(({ variant, own }) => [
          variant,
          own.seconds,
          own.wallSeconds,
          own.stepsPerSecond,
          megabytes(own.peakMemoryBytes),
          byModel(own.parameters),
          byModel(own.flopsPerScore),
        ]),
      },
      {
        id: "commands",
        caption: "The command of each row's first seed.",
        columns: ["row", "command"],
        rows: results.map(({ variant, command }) => [variant, command]),
        folded: true,
      },
    ],
  });
}
