import { type Cell, type Figure, type ReportSection, type ReportTable, section } from "./figure.ts";
import { type Bar, barsWithValues, intervalBarsSpec, type PlotTexts } from "./plot-bars.ts";
import type { RunReport } from "./read-run-report.ts";
import { keyMetrics, metricCell, type ResultRow, resultRows, userGain } from "./result-rows.ts";
import { seedGroups, seedTable } from "./seed-groups.ts";

/** The result table of runs of models, with intervals over users and over seeds where there are some. */
export function resultSection(runs: readonly RunReport[]): ReportSection {
  const ofModels = runs.filter(({ kind }) => kind === "models");
  if (ofModels.length === 0) return section("Results", {});
  const rows = resultRows(runs);
  if (rows.length === 0) return section("Results", { notes: ["No run has a test result yet."] });
  const key = keyMetrics(rows);
  const all = [...new Set(rows.flatMap(({ metrics }) => Object.keys(metrics)))];
  const groups = seedGroups(ofModels);
  const cells = new Map(key.map((metric) => [metric, rows.map((row) => metricCell(row, metric))]));
  return section("Results", {
    notes: seedNotes(ofModels.length, groups.length),
    paragraphs: intervalWords(rows),
    figures: barFigures(rows, cells),
    tables: [
      keyTable(rows, cells),
      ...gainTables(rows, key),
      ...(groups.length < ofModels.length ? [seedTable(groups, key)] : []),
      allTable(rows, all),
    ],
  });
}

/** What one seed is worth. */
function seedNotes(runs: number, settings: number): readonly string[] {
  if (runs === 1) return ["One run of one seed: differences of this size can be chance."];
  if (settings < runs) return [];
  return ["Each run has settings of its own, one seed each: there is no test over seeds; differences can be chance."];
}

function intervalWords(rows: readonly ResultRow[]): readonly string[] {
  const without = [...new Set(rows.filter(({ run }) => run.perUser === undefined).map(({ run }) => run.name))];
  if (without.length === 0)
    return ["Intervals are 95 % percentile intervals of a bootstrap over users; metrics over rows have none."];
  return [`No intervals over users for ${without.join(", ")}: the run kept no values by user.`];
}

/** Cells of the key metrics, in the order of the rows. */
type KeyCells = ReadonlyMap<string, readonly Cell[]>;

function keyTable(rows: readonly ResultRow[], cells: KeyCells): ReportTable {
  return {
    id: "results",
    caption: "Metrics on the test part. A dash stands for undefined: one class, or nothing relevant.",
    columns: ["metric", ...rows.map(({ name }) => name)],
    rows: [...cells].map(([metric, own]) => [metric, ...own]),
    folded: false,
  };
}

function allTable(rows: readonly ResultRow[], metrics: readonly string[]): ReportTable {
  return {
    id: "all-metrics",
    caption: "All metrics on the test part.",
    columns: ["metric", ...rows.map(({ name }) => name)],
    rows: metrics.map((metric) => [metric, ...rows.map((row) => row.metrics[metric] ?? null)]),
    folded: true,
  };
}

/** Gains of later runs over the first one, model by model, on the users that both have. */
function gainTables(rows: readonly ResultRow[], metrics: readonly string[]): readonly ReportTable[] {
  const pairs = rows.flatMap((row) => {
    const base = rows.find(({ model, run }) => model === row.model && run === rows[0]!.run);
    return base === undefined || base.run === row.run ? [] : [{ row, base }];
  });
  const lines = metrics.flatMap((metric) => {
    const gains = pairs.map(({ row, base }) => userGain(row, base, metric) ?? null);
    return gains.every((gain) => gain === null) ? [] : [[metric, ...gains]];
  });
  if (lines.length === 0) return [];
  return [
    {
      id: "gains",
      caption: `Gain over ${rows[0]!.run.name} on the same users, positive is better, with its 95 % interval over users.`,
      columns: ["metric", ...pairs.map(({ row }) => row.name)],
      rows: lines,
    },
  ];
}

function barFigures(rows: readonly ResultRow[], cells: KeyCells): readonly Figure[] {
  const all = [...cells].flatMap(([metric, own]) =>
    rows.map(({ name }, i): Bar => {
      const cell = own[i]!;
      if (typeof cell !== "object" || cell === null) return { name, metric, value: cell as number | null };
      return { name, metric, ...cell };
    }),
  );
  const bars = barsWithValues(all);
  if (bars.length === 0) return [];
  const title = "Results on the test part";
  const hasIntervals = bars.some((bar) => "interval" in bar);
  const texts: PlotTexts = { title, ...(hasIntervals && { subtitle: "lines: 95 % intervals over users" }) };
  const alt = `${new Set(bars.map(({ metric }) => metric)).size} metrics as bars, each with its own scale; the numbers are in the table below.`;
  const narrow = intervalBarsSpec(bars, { ...texts, columns: 1 });
  return [{ id: "results", title, alt, spec: intervalBarsSpec(bars, texts), narrow }];
}
