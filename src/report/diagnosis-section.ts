import { basename } from "node:path";
import type { AgreementDiagnosis, Diagnosis } from "../run/evaluation/diagnose.ts";
import { diagnosisFigures } from "./diagnosis-figures.ts";
import { fileName, type ReportSection, type ReportTable, section } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";

/** Calibration, agreement, slices and gates of each run that was looked at closer. */
export function diagnosisSections({ name, diagnosis }: RunReport): readonly ReportSection[] {
  if (diagnosis === undefined) return [];
  const { users, gates } = diagnosis;
  const counted = (count: number): string => count.toLocaleString("en");
  return [
    section(`Closer look: ${name}`, {
      notes: collapseNotes(name, gates),
      paragraphs: [
        `Computed from checkpoint ${basename(diagnosis.checkpoint)} on the ${diagnosis.part} part: ${counted(diagnosis.rows)} rows; ${counted(users.warm)} users with training rows, ${counted(users.cold)} without.`,
      ],
      figures: diagnosisFigures(name, diagnosis),
      tables: [
        ...headTable(name, diagnosis),
        ...listTables(name, diagnosis),
        ...agreementTables(name, diagnosis.agreement),
        ...gateTable(name, diagnosis),
      ],
    }),
  ];
}

/** Says which gates gave up on the mixture. */
export function collapseNotes(name: string, gates: Diagnosis["gates"]): readonly string[] {
  return gates
    .filter(({ collapsed }) => collapsed)
    .map(
      ({ task }) =>
        `${name}: the ${task} gate has collapsed onto one expert (mean weight over .95): the mixture does no work there.`,
    );
}

function headTable(name: string, { heads }: Diagnosis): readonly ReportTable[] {
  if (heads.length === 0) return [];
  const metrics = Object.keys(heads[0]!.metrics);
  return [
    {
      id: `${fileName(name)}-heads`,
      caption: "Each score against its label, on exposed rows of the test part.",
      columns: ["model", "head", "label", ...metrics.map((metric) => metric.replaceAll("_", " "))],
      rows: heads.map((head) => [
        head.model,
        head.head,
        head.label,
        ...metrics.map((metric) => head.metrics[metric] ?? null),
      ]),
    },
  ];
}

function listTables(name: string, { lists }: Diagnosis): readonly ReportTable[] {
  if (lists.length === 0) return [];
  const metrics = Object.keys(lists[0]!.metrics);
  return [
    {
      id: `${fileName(name)}-lists`,
      caption: "What the lists over the whole corpus show.",
      columns: ["model", ...metrics],
      rows: lists.map((list) => [list.model, ...metrics.map((metric) => list.metrics[metric] ?? null)]),
    },
    {
      id: `${fileName(name)}-history`,
      caption: "Recall by quarter of the user's history, 1 the shortest.",
      columns: ["model", "quarter", "users", "recall"],
      rows: lists.flatMap(({ model, byHistory }) =>
        byHistory.map(({ group, count, mean }) => [model, group + 1, count, mean]),
      ),
    },
  ];
}

function agreementTables(name: string, agreement: AgreementDiagnosis | null): readonly ReportTable[] {
  if (agreement === null) return [];
  return [
    {
      id: `${fileName(name)}-agreement`,
      caption: "How far the student follows the teacher.",
      columns: ["measure", "value"],
      rows: [
        ...agreement.overlap.map(({ k, value }) => [`overlap@${k}`, value]),
        ...agreement.recallOfTeacher.map(({ m, value }) => [
          `teacher's first 10 among the student's first ${m}`,
          value,
        ]),
        ["rank-biased overlap", agreement.rankBiasedOverlap],
        ["teacher regret@10 (logits)", agreement.regret],
        ["Kendall tau-b, exposed rows", agreement.kendallTau],
        ["pair-order agreement, exposed rows", agreement.pairOrder],
      ],
    },
    ...(agreement.klByDecile.length === 0 ? [] : [klTable(name, agreement.klByDecile)]),
  ];
}

function klTable(name: string, bins: AgreementDiagnosis["klByDecile"]): ReportTable {
  return {
    id: `${fileName(name)}-kl`,
    caption:
      "Where the student fails to follow: tenths of the teacher's score, with mean probabilities and mean KL(teacher || student) in nats.",
    columns: ["tenth", "rows", "logits from", "to", "teacher", "student", "KL"],
    rows: bins.map(({ rows, from, to, teacher, student, kl }, i) => [
      String(i + 1),
      rows,
      from,
      to,
      teacher,
      student,
      kl,
    ]),
  };
}

function gateTable(name: string, { gates }: Diagnosis): readonly ReportTable[] {
  if (gates.length === 0) return [];
  const experts = Math.max(...gates.map(({ weights }) => weights.length));
  return [
    {
      id: `${fileName(name)}-gates`,
      caption: "Mean gate weight of each expert by task; entropy 1 is even use, 0 one expert alone.",
      columns: ["task", "entropy", ...Array.from({ length: experts }, (_, e) => `expert ${e + 1}`)],
      rows: gates.map(({ task, entropy, weights }) => [task, entropy, ...weights]),
    },
  ];
}
