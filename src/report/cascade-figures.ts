import type { ListAge } from "./cascade-lists.ts";
import { type Figure, fileName } from "./figure.ts";
import { groupedBarsSpec } from "./plot-grouped-bars.ts";
import { linesSpec } from "./plot-lines.ts";
import type { LossPoint } from "./plot-losses.ts";
import type { RunReport } from "./read-run-report.ts";
import { curves } from "./training-section.ts";

/** Metrics by round, loss by space, age of lists and time by phase of one cascade. */
export function cascadeFigures(run: RunReport, ages: readonly ListAge[]): readonly Figure[] {
  return [
    ...roundFigure(run, "kept", "Share of the ranker's best that is passed (recall@m@k)", /^recall@\d+@\d+$/),
    ...roundFigure(run, "recall", "Relevant items that are passed (recall@m)", /^recall@\d+$/),
    ...lossFigures(run),
    ...ageFigure(run, ages),
    ...timeFigure(run),
  ];
}

/** A metric of each stage after each round, on the validation part. */
function roundFigure({ name, metrics }: RunReport, id: string, what: string, wanted: RegExp): readonly Figure[] {
  const validated = metrics.filter((line) => Object.keys(line).some((key) => key.startsWith("val/")));
  const rounds = roundNames(validated.map((line) => line.round ?? 0));
  const values = validated.flatMap((line, i) =>
    Object.entries(line).flatMap(([key, value]) => {
      const [part, stage, ...rest] = key.split("/");
      const metric = rest.join("/");
      const isWanted = part === "val" && wanted.test(metric) && value !== null;
      return isWanted ? [{ round: rounds[i]!, stage: `${stage}, ${metric}`, value }] : [];
    }),
  );
  if (values.length === 0) return [];
  const order = [...new Set(values.map(({ stage }) => stage))];
  const words = order.map((stage) => {
    const own = values.filter((value) => value.stage === stage).map(({ value }) => value.toFixed(3));
    return `${stage} ${own.join(", ")}`;
  });
  const yTitle = id === "kept" ? "recall@m@k" : "recall@m";
  const title = `${yTitle} by round: ${name}`;
  const axes = { x: "round", y: "value", xTitle: "round", yTitle, xOrder: rounds };
  return [
    {
      id: `${fileName(name)}-rounds-${id}`,
      title,
      alt: `${what} after each round, on the validation part: ${words.join("; ")}.`,
      spec: linesSpec(values, { title, ...axes, series: { field: "stage", order } }),
    },
  ];
}

/** Measurements by their rounds: round 0 is the warm-up, a second one of the last round stands at the end. */
function roundNames(rounds: readonly number[]): readonly string[] {
  return rounds.map((round, i) => {
    if (rounds.indexOf(round) < i) return rounds.lastIndexOf(round) === i ? "end" : `${round} (${i + 1})`;
    return round === 0 ? "warm-up" : String(round);
  });
}

/** Loss of each stage by step, a figure a space. */
function lossFigures({ name, metrics, phases }: RunReport): readonly Figure[] {
  const bySpace = new Map<string, LossPoint[]>();
  for (const line of metrics) {
    const stroke = phases.filter(({ step }) => step < line.step!).length; // a phase that does not train a term is a gap
    for (const [key, value] of Object.entries(line)) {
      const [prefix, stage, kind, space, from] = key.split("/");
      if (prefix !== "loss" || space === undefined || value === null) continue;
      const term = [stage, kind, ...(from === undefined ? [] : [from.replace("from-", "from ")])].join(", ");
      bySpace.set(space, [...(bySpace.get(space) ?? []), { step: line.step!, term, value, stroke }]);
    }
  }
  return [...bySpace].flatMap(([space, points]) =>
    curves(points, {
      id: `${fileName(name)}-loss-${fileName(space)}`,
      title: `Loss on ${space}: ${name}`,
      words: `Training loss on the space "${space}" by step`,
    }),
  );
}

/** How old lists are at each step: a line that falls where they are built again. */
function ageFigure({ name }: RunReport, ages: readonly ListAge[]): readonly Figure[] {
  if (ages.length === 0) return [];
  const values = ages.flatMap(({ space, from, to, builtAtStep }) =>
    [from, to].map((step) => ({ space, step, age: step - builtAtStep, stroke: from })),
  );
  const order = [...new Set(ages.map(({ space }) => space))];
  const oldest = order.map(
    (space) => `${space} ${Math.max(...ages.filter((one) => one.space === space).map(({ age }) => age))}`,
  );
  const title = `Age of the lists: ${name}`;
  const series = { field: "space", order };
  return [
    {
      id: `${fileName(name)}-list-ages`,
      title,
      alt: `Steps since each space's lists were built, at the beginning and end of each phase that trains on them. Oldest: ${oldest.join(", ")}.`,
      spec: linesSpec(values, {
        title,
        x: "step",
        y: "age",
        xTitle: "step",
        yTitle: "age in steps",
        series,
        stroke: "stroke",
      }),
    },
  ];
}

const PARTS = ["training", "batches", "lists", "tutors' scores"];

function timeFigure({ name, phases }: RunReport): readonly Figure[] {
  if (phases.length === 0) return [];
  const rows = phases.flatMap((line, i) => {
    const lists = Object.values(line.lists).reduce((sum, { seconds }) => sum + seconds, 0);
    const seconds = [line.stepSeconds, line.waitSeconds, lists, line.tutorSeconds];
    return PARTS.map((part, p) => ({ phase: `${i + 1} ${line.phase}`, part, seconds: seconds[p]! }));
  });
  const title = `Time by phase: ${name}`;
  const total = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  return [
    {
      id: `${fileName(name)}-time`,
      title,
      alt: `Seconds of each phase in training steps, waiting for batches, building lists and scoring by tutors; ${total.toFixed(0)} s in all.`,
      spec: groupedBarsSpec(rows, {
        title,
        x: "phase",
        order: [...new Set(rows.map(({ phase }) => phase))],
        xTitle: "phase",
        y: "seconds",
        yTitle: "seconds",
        series: { field: "part", order: PARTS },
        stacked: true,
      }),
    },
  ];
}
