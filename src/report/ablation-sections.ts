import type { MetricResult, VariantResult } from "../run/ablation/results.ts";
import { ablationFigures } from "./ablation-figures.ts";
import { ablationTables, changes, gainCell, metricOf, pText, spread } from "./ablation-result-tables.ts";
import { describeModels } from "./asked-section.ts";
import { cellText } from "./cell-text.ts";
import { byModel, megabytes } from "./cost-section.ts";
import { dataSection } from "./data-section.ts";
import { isEmpty, type ReportSection, section } from "./figure.ts";
import { type AblationReport, baseOf } from "./read-ablation.ts";

/** The sections of a report over an ablation. */
export function ablationSections(ablation: AblationReport): readonly ReportSection[] {
  const { base } = ablation;
  return [
    summary(ablation),
    asked(ablation),
    ...(base === undefined ? [] : [dataSection([base])]),
    section("Results", {
      figures: ablationFigures(ablation),
      tables: ablationTables(ablation),
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
        caption:
          "What each row is, and what it changes in the base; {run} stands for the folder of a run that it needs.",
        columns: ["row", "kind", "settings"],
        rows: results.map(({ variant, kind, settings }) => [variant, kind.replaceAll("-", " "), changes(settings)]),
      },
    ],
  });
}

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
