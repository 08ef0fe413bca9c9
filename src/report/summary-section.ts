import { isBetter } from "../eval/index.ts";
import { directionOf } from "../run/compare-runs.ts";
import { cellText } from "./cell-text.ts";
import { collapseNotes } from "./diagnosis-section.ts";
import { type ReportSection, section } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";
import { keyMetrics, metricCell, monitorOf, type ResultRow, resultRows, userGain } from "./result-rows.ts";

/** The answer first: the headline metric of each model, the best of several runs, and what to beware of. */
export function summarySection(runs: readonly RunReport[]): ReportSection {
  const rows = resultRows(runs);
  return section("In short", {
    notes: [
      ...runs.flatMap(({ name, diagnosis }) => (diagnosis === undefined ? [] : collapseNotes(name, diagnosis.gates))),
      ...runs.flatMap(({ name, result }) => (result === undefined ? [`${name} is not finished.`] : [])),
    ],
    paragraphs: [...modelWords(rows), ...runs.flatMap(agreementWords), ...runs.flatMap(cascadeWords)],
  });
}

function modelWords(rows: readonly ResultRow[]): readonly string[] {
  const metric = headline(rows);
  if (metric === undefined) return [];
  const values = rows.map((row) => `${row.name} ${cellText(metricCell(row, metric), "undefined")}`);
  const students = rows.filter(({ model }) => model === "student");
  return [
    `${metric} on the test part: ${values.join("; ")}.`,
    ...(students.length > 1 ? bestWords(students, metric) : []),
  ];
}

/** The monitored metric, else recall at the smallest cut-off, else the first there is. */
function headline(rows: readonly ResultRow[]): string | undefined {
  const all = keyMetrics(rows);
  const monitored = rows.flatMap(({ run }) => monitorOf(run.config)?.metric ?? []);
  return all.find((name) => monitored.includes(name)) ?? all.find((name) => name.startsWith("recall@")) ?? all[0];
}

function bestWords(students: readonly ResultRow[], metric: string): readonly string[] {
  const direction = directionOf(metric);
  const defined = students.filter(({ metrics }) => (metrics[metric] ?? null) !== null);
  if (direction === null || defined.length < 2) return [];
  const best = defined.reduce((a, b) => (isBetter(b.metrics[metric]!, a.metrics[metric]!, direction) ? b : a));
  const base = students[0]!;
  if (best === base) return [`The best student by ${metric} is the base, ${base.run.name}.`];
  const gain = userGain(best, base, metric);
  const over = gain === undefined ? "" : ` (gain over ${base.run.name} on the same users: ${cellText(gain, "")})`;
  return [`The best student by ${metric} is ${best.run.name}${over}.`];
}

function agreementWords({ name, diagnosis }: RunReport): readonly string[] {
  const overlap = diagnosis?.agreement?.overlap.find(({ k }) => k === 10);
  if (overlap === undefined || overlap.value === null) return [];
  return [
    `${name}: the student's first 10 items hold ${(100 * overlap.value).toFixed(0)} % of the teacher's first 10.`,
  ];
}

function cascadeWords({ name, kind, result }: RunReport): readonly string[] {
  const shown = kind === "cascade" ? result?.test?.cascade : undefined;
  if (shown === undefined) return [];
  const metrics = Object.entries(shown).filter(([metric]) => /^(recall|ndcg)@/.test(metric));
  return [
    `${name}, the shown list on the test part: ${metrics.map(([metric, value]) => `${metric} ${cellText(value, "undefined")}`).join(", ")}.`,
  ];
}
