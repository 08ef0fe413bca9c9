import { compareRuns } from "../run/compare-runs.ts";
import type { Figure, ReportSection, ReportTable } from "./figure.ts";
import { intervalBarsSpec } from "./plot-bars.ts";
import type { RunReport } from "./read-run-report.ts";
import { curveFigures, diagnosisFigures } from "./run-figures.ts";

/** The sections of a report over some runs, in the order in which one would ask. */
export async function reportSections(runs: readonly RunReport[]): Promise<readonly ReportSection[]> {
  return [
    await askedSection(runs),
    dataSection(runs),
    resultSection(runs),
    section("Training", trainingParagraphs(runs), [], runs.flatMap(curveFigures)),
    ...runs.flatMap(diagnosisSections),
    costSection(runs),
  ].filter(({ paragraphs, tables, figures }) => paragraphs.length + tables.length + figures.length > 0);
}

function section(
  title: string,
  paragraphs: readonly string[],
  tables: readonly ReportTable[] = [],
  figures: readonly Figure[] = [],
): ReportSection {
  return { title, paragraphs, tables, figures };
}

async function askedSection(runs: readonly RunReport[]): Promise<ReportSection> {
  const missing = runs.flatMap(({ name, missing: parts }) =>
    parts.length === 0 ? [] : [`Missing from ${name}: ${parts.join("; ")}.`],
  );
  if (runs.length === 1)
    return section("What was asked", [`One run, ${runs[0]!.name}.`, ...missing], [settingsTable(runs[0]!)]);
  const { settings, sameData } = await compareRuns(runs.map(({ path }) => path));
  const table: ReportTable = {
    id: "settings",
    caption: "Settings in which the runs differ; the first run is the base.",
    columns: ["setting", ...runs.map(({ name }) => name)],
    rows: settings.map(({ path, values }) => [
      path,
      ...values.map((value) => (value === undefined ? "-" : JSON.stringify(value))),
    ]),
  };
  const data = sameData
    ? []
    : ["These runs are on different data: their numbers must not be compared with each other."];
  return section(
    "What was asked",
    [`${runs.length} runs; ${settings.length} settings differ.`, ...data, ...missing],
    settings.length === 0 ? [] : [table],
  );
}

function settingsTable({ name, config }: RunReport): ReportTable {
  const shown = ["teacher", "student", "distill", "negatives", "train"].filter((block) => config[block] !== undefined);
  return {
    id: `${name}-settings`,
    caption: "The main blocks of the resolved configuration.",
    columns: ["block", "settings"],
    rows: shown.map((block) => [block, JSON.stringify(config[block])]),
  };
}

function dataSection(runs: readonly RunReport[]): ReportSection {
  const cards = [...new Map(runs.flatMap(({ data }) => (data ? [[data.fingerprint, data] as const] : []))).values()];
  const tables = cards.map((card, i): ReportTable => {
    const labels = [...new Set(Object.values(card.parts).flatMap(({ labelRates }) => Object.keys(labelRates)))];
    return {
      id: i === 0 ? "data" : `data-${i + 1}`,
      caption: `Data ${card.fingerprint}: ${card.files.map(({ name, rows }) => `${name} (${rows.toLocaleString("en")} rows)`).join(", ")}.`,
      columns: [
        "part",
        "rows",
        "users",
        "items",
        "users not in training",
        "items not in training",
        ...labels.map((label) => `rate of ${label}`),
      ],
      rows: Object.entries(card.parts).map(([part, { rows, users, items, coldUsers, coldItems, labelRates }]) => [
        part,
        rows,
        users,
        items,
        coldUsers,
        coldItems,
        ...labels.map((label) => labelRates[label] ?? null),
      ]),
    };
  });
  return section("Data", [], tables);
}

function resultSection(runs: readonly RunReport[]): ReportSection {
  const rows = runs.flatMap(({ name, result }) =>
    Object.entries(result?.test ?? {}).map(([model, metrics]) => ({
      name: runs.length === 1 ? model : `${name}: ${model}`,
      metrics,
    })),
  );
  if (rows.length === 0) return section("Results", ["No run has a test result yet."]);
  const metrics = [...new Set(rows.flatMap((row) => Object.keys(row.metrics)))];
  const table: ReportTable = {
    id: "results",
    caption: "Metrics on the test part. A dash stands for undefined: one class, or nothing relevant.",
    columns: ["model", ...metrics],
    rows: rows.map((row) => [row.name, ...metrics.map((metric) => row.metrics[metric] ?? null)]),
  };
  const plotted = metrics
    .filter((metric) => /auc$|^recall@|^ndcg@|\/recall@/.test(metric) && !metric.includes("gauc"))
    .slice(0, 9);
  const bars = plotted.flatMap((metric) =>
    rows.map((row) => ({ name: row.name, metric, value: row.metrics[metric] ?? null })),
  );
  const title = "Results on the test part";
  const alt = `${plotted.length} metrics as bars; the numbers are in the table above.`;
  const notes = runs.length === 1 ? ["One run of one seed: differences of this size can be chance."] : [];
  return section(
    "Results",
    notes,
    [table],
    bars.length === 0 ? [] : [{ id: "results", title, alt, spec: intervalBarsSpec(bars, { title }) }],
  );
}

function trainingParagraphs(runs: readonly RunReport[]): string[] {
  return runs.flatMap(({ name, result }) =>
    result
      ? [
          `${name}: ${result.steps.toLocaleString("en")} steps, ended ${result.reason === "patience" ? "because nothing got better within patience" : "after its last epoch"}.`,
        ]
      : [],
  );
}

function diagnosisSections({ name, diagnosis }: RunReport): readonly ReportSection[] {
  if (diagnosis === undefined) return [];
  const { heads, lists, agreement, gates } = diagnosis;
  const tables: ReportTable[] = [];
  if (heads.length > 0) {
    const metrics = Object.keys(heads[0]!.metrics);
    tables.push({
      id: `${name}-heads`,
      caption: "Each score against its label, on exposed rows of the test part.",
      columns: ["model", "head", "label", ...metrics],
      rows: heads.map((head) => [
        head.model,
        head.head,
        head.label,
        ...metrics.map((metric) => head.metrics[metric] ?? null),
      ]),
    });
  }
  if (lists.length > 0) {
    const metrics = Object.keys(lists[0]!.metrics);
    tables.push({
      id: `${name}-lists`,
      caption: "What the lists over the whole corpus show.",
      columns: ["model", ...metrics],
      rows: lists.map((list) => [list.model, ...metrics.map((metric) => list.metrics[metric] ?? null)]),
    });
    tables.push({
      id: `${name}-history`,
      caption: "Recall by quarter of the user's history, 1 the shortest.",
      columns: ["model", "quarter", "users", "recall"],
      rows: lists.flatMap(({ model, byHistory }) =>
        byHistory.map(({ group, count, mean }) => [model, group + 1, count, mean]),
      ),
    });
  }
  if (agreement !== null) tables.push(agreementTable(name, agreement));
  const warnings = gates
    .filter(({ collapsed }) => collapsed)
    .map(({ task }) => `The ${task} gate has collapsed onto one expert: the mixture does no work there.`);
  return [
    section(
      `Closer look: ${name}`,
      [
        `${diagnosis.users.warm.toLocaleString("en")} users with training rows, ${diagnosis.users.cold.toLocaleString("en")} without.`,
        ...warnings,
      ],
      tables,
      diagnosisFigures(name, diagnosis),
    ),
  ];
}

function agreementTable(
  name: string,
  agreement: NonNullable<NonNullable<RunReport["diagnosis"]>["agreement"]>,
): ReportTable {
  return {
    id: `${name}-agreement`,
    caption: "How far the student follows the teacher.",
    columns: ["measure", "value"],
    rows: [
      ...agreement.overlap.map(({ k, value }) => [`overlap@${k}`, value]),
      ...agreement.recallOfTeacher.map(({ m, value }) => [`teacher's first 10 among the student's first ${m}`, value]),
      ["rank-biased overlap", agreement.rankBiasedOverlap],
      ["teacher regret@10 (logits)", agreement.regret],
      ["Kendall tau-b, exposed rows", agreement.kendallTau],
      ["pair-order agreement, exposed rows", agreement.pairOrder],
    ],
  };
}

function costSection(runs: readonly RunReport[]): ReportSection {
  const rows = runs.flatMap(({ name, result, metrics, environment }) => {
    if (!result) return [];
    const rates = metrics
      .flatMap(({ rowsPerSecond }) => (typeof rowsPerSecond === "number" ? [rowsPerSecond] : []))
      .sort((a, b) => a - b);
    const waits = metrics
      .flatMap(({ dataWaitShare }) => (typeof dataWaitShare === "number" ? [dataWaitShare] : []))
      .sort((a, b) => a - b);
    const runtime = environment?.runtime as { readonly kind?: string; readonly libraryVersion?: string } | undefined;
    const parameters = Object.entries(result.models).map(
      ([model, { values }]) => `${model} ${values.toLocaleString("en")}`,
    );
    return [
      [
        name,
        result.seconds,
        rates[rates.length >> 1] ?? null,
        waits[waits.length >> 1] ?? null,
        parameters.join(", "),
        `${runtime?.kind ?? "unknown"} ${runtime?.libraryVersion ?? ""}`,
        ((environment?.command as string[] | undefined) ?? []).join(" "),
      ],
    ];
  });
  if (rows.length === 0) return section("Time and commands", []);
  const columns = [
    "run",
    "train seconds",
    "rows/s (median)",
    "data wait share (median)",
    "parameters",
    "runtime",
    "command",
  ];
  return section(
    "Time and commands",
    [],
    [{ id: "cost", caption: "What each run took, and the command that made it.", columns, rows }],
  );
}
