import type { Diagnosis } from "../run/evaluation/diagnose.ts";
import { type Figure, fileName } from "./figure.ts";
import { groupedBarsSpec } from "./plot-grouped-bars.ts";
import { linesSpec } from "./plot-lines.ts";

/** Agreement, densities, calibration, popularity and gates of one run. */
export function diagnosisFigures(name: string, diagnosis: Diagnosis): readonly Figure[] {
  return [
    agreementFigure(name, diagnosis),
    densityFigure(name, diagnosis),
    reliabilityFigure(name, diagnosis),
    popularityFigure(name, diagnosis),
    gateFigure(name, diagnosis),
  ].filter((figure) => figure !== undefined);
}

function agreementFigure(name: string, { agreement }: Diagnosis): Figure | undefined {
  const values = agreement?.overlap.filter(({ value }) => value !== null) ?? [];
  if (values.length === 0) return undefined;
  const title = `Overlap with the teacher's list: ${name}`;
  return {
    id: `${fileName(name)}-agreement`,
    title,
    alt: `Share of the teacher's first k that the student's first k has: ${values.map(({ k, value }) => `${value!.toFixed(2)} at ${k}`).join(", ")}.`,
    spec: linesSpec(values, {
      title,
      x: "k",
      y: "value",
      xTitle: "k",
      yTitle: "overlap@k",
      xLog: values.map(({ k }) => k),
    }),
  };
}

function densityFigure(name: string, { scores }: Diagnosis): Figure | undefined {
  const rows = Object.entries(scores).flatMap(([score, { from, width, shares }]) =>
    shares.map((share, bin) => ({ score, logit: from + (bin + 0.5) * width, density: share / width })),
  );
  if (rows.length === 0) return undefined;
  const title = `Scores on exposed rows: ${name}`;
  const means = Object.entries(scores).map(
    ([score, { mean, deviation }]) => `${score} mean ${mean.toFixed(2)}, deviation ${deviation.toFixed(2)}`,
  );
  const series = { field: "score", order: Object.keys(scores) };
  return {
    id: `${fileName(name)}-scores`,
    title,
    alt: `Density of the logits of ${means.join("; ")}.`,
    spec: linesSpec(rows, { title, x: "logit", y: "density", xTitle: "logit", yTitle: "density", series }),
  };
}

function reliabilityFigure(name: string, { heads }: Diagnosis): Figure | undefined {
  const rows = heads.flatMap(({ model, head, reliability }) =>
    reliability.map(({ predicted, observed }) => ({ score: `${model}, ${head}`, predicted, observed })),
  );
  if (rows.length === 0) return undefined;
  const title = `Reliability: ${name}`;
  const ece = heads.map(({ model, head, metrics }) => `${model} ${head} ${metrics.ece?.toFixed(3) ?? "undefined"}`);
  return {
    id: `${fileName(name)}-reliability`,
    title,
    alt: `Observed rate by mean predicted probability in ten bins of equal mass; the dashed diagonal is perfect calibration. ECE: ${ece.join(", ")}.`,
    spec: linesSpec(rows, {
      title,
      x: "predicted",
      y: "observed",
      xTitle: "mean predicted probability",
      yTitle: "observed rate",
      series: { field: "score", order: heads.map(({ model, head }) => `${model}, ${head}`) },
      diagonal: true,
    }),
  };
}

function popularityFigure(name: string, { lists }: Diagnosis): Figure | undefined {
  const rows = lists.flatMap(({ model, byPopularity }) =>
    byPopularity.map(({ group, recall }) => ({ model, group: group < 0 ? "cold" : String(group + 1), recall })),
  );
  if (rows.length === 0) return undefined;
  const title = `Recall by popularity of the item: ${name}`;
  const words = lists.map(
    ({ model, byPopularity }) =>
      `${model} ${byPopularity.map(({ group, recall }) => `${group < 0 ? "cold " : ""}${recall.toFixed(2)}`).join(" ")}`,
  );
  return {
    id: `${fileName(name)}-popularity`,
    title,
    alt: `Recall of relevant items by decile of their training count, 10 the most popular: ${words.join("; ")}.`,
    spec: groupedBarsSpec(rows, {
      title,
      x: "group",
      y: "recall",
      yTitle: "recall",
      series: { field: "model", order: lists.map(({ model }) => model) },
      order: ["cold", ...Array.from({ length: 10 }, (_, i) => String(i + 1))],
      xTitle: "popularity decile",
    }),
  };
}

function gateFigure(name: string, { gates }: Diagnosis): Figure | undefined {
  if (gates.length === 0) return undefined;
  const rows = gates.flatMap(({ task, weights }) =>
    weights.map((weight, expert) => ({ task, expert: String(expert + 1), weight })),
  );
  const title = `Use of the experts: ${name}`;
  const words = gates.map(
    ({ task, entropy, collapsed }) =>
      `${task} entropy ${entropy.toFixed(2)} of 1${collapsed ? ", collapsed onto one expert" : ""}`,
  );
  return {
    id: `${fileName(name)}-gates`,
    title,
    alt: `Mean gate weight of each expert: ${words.join("; ")}.`,
    spec: groupedBarsSpec(rows, {
      title,
      x: "expert",
      y: "weight",
      yTitle: "mean gate weight",
      series: { field: "task", order: gates.map(({ task }) => task) },
      order: [...new Set(rows.map(({ expert }) => expert))],
      xTitle: "expert",
    }),
  };
}
