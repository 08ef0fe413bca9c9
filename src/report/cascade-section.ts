import { cascadeFigures } from "./cascade-figures.ts";
import { listAges } from "./cascade-lists.ts";
import { type Cell, fileName, type ReportSection, type ReportTable, section } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";
import { undefinedNotes } from "./training-section.ts";

/** The stages of a cascade, its rounds, its sample spaces and their lists; nothing of runs of models. */
export function cascadeSections(runs: readonly RunReport[]): readonly ReportSection[] {
  const cascades = runs.filter(({ kind }) => kind === "cascade");
  if (cascades.length === 0) return [];
  return [stageSection(cascades), ...cascades.map(roundSection)];
}

interface Stage {
  readonly name: string;
  readonly passes: number;
}

export function stagesOf({ config }: RunReport): readonly Stage[] {
  return config.stages as readonly Stage[];
}

function stageSection(runs: readonly RunReport[]): ReportSection {
  const title = "Stages of the cascade";
  const finished = runs.filter(({ result }) => result?.test !== undefined);
  if (finished.length === 0) return section(title, { notes: ["No run has a test result yet."] });
  const of = (run: RunReport, name: string): string => (runs.length === 1 ? name : `${run.name}: ${name}`);
  const shown = [...new Set(finished.flatMap(({ result }) => Object.keys(result!.test!.cascade ?? {})))];
  const stages: ReportTable = {
    id: "stages",
    caption:
      "Each stage on the test part: recall@m of relevant items in the m that it passes; recall@m@k, the share of the ranker's best k that it passes; ordered-pair accuracy and Kendall's tau-b against the ranker on what it gets; AUC over exposed rows.",
    columns: ["stage", "passes", "recall@m", "recall@m@k", "opa", "kendall tau", "AUC, click", "AUC, conversion"],
    rows: finished.flatMap((run) => stagesOf(run).map((stage) => stageRow(run, stage, of(run, stage.name)))),
  };
  const list: ReportTable = {
    id: "cascade",
    caption: "The shown list on the test part.",
    columns: ["metric", ...finished.map((run) => of(run, "shown list"))],
    rows: shown.map((metric) => [metric, ...finished.map(({ result }) => result!.test!.cascade?.[metric] ?? null)]),
  };
  const notes = ["One seed a run: differences of a few percent can be chance."];
  return section(title, { notes, tables: [stages, ...(shown.length === 0 ? [] : [list])] });
}

function stageRow({ result }: RunReport, { name, passes }: Stage, label: string): readonly Cell[] {
  const metrics = result!.test![name] ?? {};
  const kept = Object.keys(metrics).find((metric) => metric.startsWith(`recall@${passes}@`));
  return [
    label,
    passes,
    metrics[`recall@${passes}`] ?? null,
    kept === undefined ? null : (metrics[kept] ?? null),
    metrics.opa ?? null,
    metrics["kendall-tau"] ?? null,
    metrics["ctr/auc"] ?? null,
    metrics["ctcvr/auc"] ?? null,
  ];
}

function roundSection(run: RunReport): ReportSection {
  const { name, metrics, phases } = run;
  const validated = metrics.some((line) => Object.keys(line).some((key) => key.startsWith("val/")));
  const ages = listAges(run);
  return section(`Rounds and spaces: ${name}`, {
    notes: undefinedNotes(run),
    paragraphs: validated
      ? []
      : ["No metrics by round: they are measured on the validation part after each round, and the data have none."],
    figures: cascadeFigures(run, ages),
    tables: [
      {
        id: `${fileName(name)}-phases`,
        caption: "Phases in their order, and the seconds of their parts.",
        columns: ["phase", "round", "steps", "seconds", "training", "batches", "lists", "tutors' scores"],
        rows: phases.map((line) => [
          line.phase,
          line.round,
          line.steps,
          line.seconds,
          line.stepSeconds,
          line.waitSeconds,
          Object.values(line.lists).reduce((sum, { seconds }) => sum + seconds, 0),
          line.tutorSeconds,
        ]),
      },
      ...(ages.length === 0
        ? []
        : [
            {
              id: `${fileName(name)}-ages`,
              caption:
                "Lists that each phase trained on, and their age at the phase's end in training steps; the share of their items that the user was shown in training, and that the lists before did not hold, where they were built for the phase.",
              columns: ["phase", "round", "space", "built at step", "age", "exposed share", "changed share"],
              rows: ages.map(({ phase, round, space, builtAtStep, age, build }) => [
                phase,
                round,
                space,
                builtAtStep,
                age,
                build?.exposedShare ?? null,
                build?.changedShare ?? null,
              ]),
            },
          ]),
    ],
  });
}
