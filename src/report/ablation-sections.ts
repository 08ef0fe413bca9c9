import { ablationFigures } from "./ablation-figures.ts";
import { describeModels } from "./asked-section.ts";
import { cellText } from "./cell-text.ts";
import { dataSection } from "./data-section.ts";
import { type Cell, fileName, isEmpty, type ReportSection, type ReportTable, section } from "./figure.ts";
import { type AblationReport, type AblationRow, BASE_REASON } from "./read-ablation.ts";

/** The sections of a report over an ablation. */
export function ablationSections(ablation: AblationReport): readonly ReportSection[] {
  const metrics = [...new Set(ablation.rows.map(({ metric }) => metric))];
  return [
    summary(ablation, metrics[0]!),
    asked(ablation),
    ...(ablation.base === undefined ? [] : [dataSection([ablation.base])]),
    section("Results", {
      figures: ablationFigures(ablation),
      tables: metrics.map((metric, i) => resultTable(ablation, metric, i)),
    }),
    cost(ablation),
  ].filter((part) => !isEmpty(part));
}

function summary({ rows }: AblationReport, metric: string): ReportSection {
  const own = rows.filter((row) => row.metric === metric && row.mean !== null);
  const base = own.find(({ untested }) => untested === BASE_REASON);
  const tested = own.filter(({ gain }) => gain !== null);
  const best = tested.reduce<AblationRow | undefined>(
    (a, b) => (a === undefined || b.gain! > a.gain! ? b : a),
    undefined,
  );
  const seeds = Math.max(0, ...rows.map((row) => row.seeds.length));
  const failed = [...new Set(rows.filter(({ mean }) => mean === null).map(({ variant }) => variant))];
  const missing = [
    ...new Set(rows.filter((row) => row.mean !== null && row.undefinedSeeds > 0).map((row) => row.variant)),
  ];
  return section("In short", {
    notes: [
      ...(seeds === 1 ? ["One seed a variant: there is no test over seeds, and differences can be chance."] : []),
      ...(failed.length > 0 ? [`Without a value of some metric: ${failed.join(", ")}.`] : []),
      ...(missing.length > 0 ? [`Without a value for some seeds: ${missing.join(", ")}.`] : []),
    ],
    paragraphs: [
      ...(base === undefined ? [] : [`${metric} of the base: ${spread(base)}.`]),
      ...(best === undefined ? [] : [bestWords(best, tested.length)]),
    ],
  });
}

function bestWords(best: AblationRow, variants: number): string {
  const gain = `${best.gain! >= 0 ? "+" : ""}${cellText(gainCell(best), "")}`;
  const test = best.adjustedP === null ? "untested" : `p ${pText(best.adjustedP)} after Holm's correction`;
  return `The best of ${variants} variants: ${best.variant}, ${spread(best)}, a gain of ${gain} over the base (${test}). The best of many is partly luck.`;
}

function asked({ name, rows, base, settings }: AblationReport): ReportSection {
  const variants = [...new Set(rows.map(({ variant }) => variant))];
  const own = base === undefined ? undefined : settings.get(rows.find((row) => row.untested === BASE_REASON)!.variant);
  const seeds = [...new Set(rows.flatMap((row) => row.seeds))];
  return section("What was asked", {
    paragraphs: [
      `${name}: ${variants.length} variants, the base included; seeds ${seeds.join(", ")}.`,
      ...(base === undefined ? [] : [`The base: ${describeModels(base)}`]),
    ],
    tables: [
      {
        id: "variants",
        caption: "What each variant changes in the base.",
        columns: ["variant", "settings"],
        rows: variants.map((variant) => [variant, changes(settings.get(variant), own)]),
      },
    ],
  });
}

type Settings = ReadonlyMap<string, unknown> | undefined;

function changes(settings: Settings, base: Settings): string {
  if (settings === undefined || base === undefined) return "not known: the run has not begun";
  const paths = [...new Set([...settings.keys(), ...base.keys()])];
  const changed = paths.filter((path) => JSON.stringify(settings.get(path)) !== JSON.stringify(base.get(path)));
  if (changed.length === 0) return "none";
  const words = changed.map((path) => `${path} = ${JSON.stringify(settings.get(path)) ?? "left out"}`);
  return words.length <= 8 ? words.join("; ") : `${words.slice(0, 8).join("; ")}; and ${words.length - 8} more`;
}

/** Metrics beyond these are folded. */
const SHOWN_METRICS = 3;

function resultTable({ rows }: AblationReport, metric: string, place: number): ReportTable {
  return {
    id: `ablation-${fileName(metric)}`,
    caption: `${metric}: mean ± standard deviation over seeds; the mean paired gain over the base, positive is better, with its 95 % interval; p of a paired t test over seeds after Holm's correction over all metrics. A dash: no test, or no value.`,
    columns: ["variant", "mean", "gain", "p"],
    rows: rows
      .filter((row) => row.metric === metric)
      .map((row) => [row.variant, spread(row), gainCell(row), row.adjustedP === null ? null : pText(row.adjustedP)]),
    folded: place >= SHOWN_METRICS,
  };
}

function spread({ mean, sd }: AblationRow): string {
  if (mean === null) return "–";
  return sd === null ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${sd.toFixed(4)}`;
}

function gainCell({ gain, interval }: AblationRow): Cell {
  return gain === null || interval === null ? gain : { value: gain, interval };
}

const pText = (p: number): string => (p < 0.001 ? "< .001" : p.toFixed(3));

function cost({ rows }: AblationReport): ReportSection {
  const first = new Map(rows.map((row) => [row.variant, row]));
  return section("Time and commands", {
    tables: [
      {
        id: "cost",
        caption: "Mean seconds of a run of each variant, and its parameters.",
        columns: ["variant", "seconds", "parameters"],
        rows: [...first.values()].map(({ variant, seconds, parameters }) => [variant, seconds, parameters]),
      },
      {
        id: "commands",
        caption: "The command of each variant's first seed.",
        columns: ["variant", "command"],
        rows: [...first.values()].map(({ variant, command }) => [variant, command]),
        folded: true,
      },
    ],
  });
}
