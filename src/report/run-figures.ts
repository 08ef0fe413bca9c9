import type { TopLevelSpec } from "vega-lite";
import type { Diagnosis } from "../run/evaluation/diagnose.ts";
import { type Figure, SCHEMA } from "./figure.ts";
import { type LossPoint, lossCurvesSpec } from "./plot-losses.ts";
import type { RunReport } from "./read-run-report.ts";

/** Loss terms by step, and validation metrics by step with the best marked. */
export function curveFigures({ name, metrics, config }: RunReport): readonly Figure[] {
  const losses = points(metrics, (key) => key.startsWith("loss/"));
  const validation = points(metrics, (key) => /^val\/.*(auc|recall@\d+|ndcg@\d+)$/.test(key));
  const figures: Figure[] = [];
  if (losses.length > 0) {
    figures.push({
      id: `${name}-losses`,
      title: `Loss by term: ${name}`,
      alt: `Training loss of each term by step, ${terms(losses)}.`,
      spec: lossCurvesSpec(losses, { title: `Loss by term: ${name}` }),
    });
  }
  if (validation.length > 0) {
    const best = bestStep(validation, config);
    figures.push({
      id: `${name}-validation`,
      title: `Validation metrics: ${name}`,
      alt: `Validation metrics by step${best === undefined ? "" : `, the best checkpoint at step ${best}`}: ${terms(validation)}.`,
      spec: lossCurvesSpec(validation, {
        title: `Validation metrics: ${name}`,
        ...(best !== undefined && { markedStep: best }),
      }),
    });
  }
  return figures;
}

function points(metrics: RunReport["metrics"], wanted: (key: string) => boolean): LossPoint[] {
  return metrics.flatMap((line) =>
    Object.entries(line).flatMap(([key, value]) =>
      wanted(key) && value !== null ? [{ step: line.step!, term: key, value }] : [],
    ),
  );
}

function terms(list: readonly LossPoint[]): string {
  return [...new Set(list.map(({ term }) => term))].join(", ");
}

function bestStep(validation: readonly LossPoint[], config: RunReport["config"]): number | undefined {
  const monitor = (
    config.evaluate as { readonly monitor?: { readonly metric: string; readonly mode: string; readonly model: string } }
  ).monitor;
  if (monitor === undefined) return undefined;
  const own = validation.filter(({ term }) => term === `val/${monitor.model}/${monitor.metric}`);
  const sign = monitor.mode === "max" ? 1 : -1;
  return own.reduce<LossPoint | undefined>(
    (best, point) => (best === undefined || sign * point.value > sign * best.value ? point : best),
    undefined,
  )?.step;
}

/** Agreement, calibration, popularity, densities and gates of one run. */
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
  if (agreement === null) return undefined;
  const values = agreement.overlap.filter(({ value }) => value !== null);
  const title = `Overlap with the teacher's list: ${name}`;
  return {
    id: `${name}-agreement`,
    title,
    alt: `Share of the teacher's first k that the student's first k has: ${values.map(({ k, value }) => `${value!.toFixed(2)} at ${k}`).join(", ")}.`,
    spec: lineSpec(title, values, { x: "k", y: "value", xTitle: "k", yTitle: "overlap@k", xLog: true }),
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
  return {
    id: `${name}-scores`,
    title,
    alt: `Density of the logits of ${means.join("; ")}.`,
    spec: lineSpec(title, rows, { x: "logit", y: "density", xTitle: "logit", yTitle: "density", series: "score" }),
  };
}

function reliabilityFigure(name: string, { heads }: Diagnosis): Figure | undefined {
  const rows = heads.flatMap(({ model, head, reliability }) =>
    reliability.map(({ predicted, observed }) => ({ score: `${model}, ${head}`, predicted, observed })),
  );
  if (rows.length === 0) return undefined;
  const title = `Reliability: ${name}`;
  const spec = lineSpec(title, rows, {
    x: "predicted",
    y: "observed",
    xTitle: "mean predicted probability",
    yTitle: "observed rate",
    series: "score",
  });
  const diagonal = {
    data: {
      values: [
        { x: 0, y: 0 },
        { x: 1, y: 1 },
      ],
    },
    mark: { type: "line", strokeDash: [4, 4], color: "#888888" },
    encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
  };
  const { layer, ...rest } = spec as unknown as { layer: readonly object[] };
  return {
    id: `${name}-reliability`,
    title,
    alt: `Observed rate by mean predicted probability in ten bins of equal mass; the dashed diagonal is perfect calibration. ECE: ${heads.map(({ model, head, metrics }) => `${model} ${head} ${metrics.ece?.toFixed(3) ?? "undefined"}`).join(", ")}.`,
    spec: { ...rest, layer: [diagonal, ...layer] } as unknown as TopLevelSpec,
  };
}

function popularityFigure(name: string, { lists }: Diagnosis): Figure | undefined {
  const rows = lists.flatMap(({ model, byPopularity }) =>
    byPopularity.map(({ group, recall }) => ({ model, group: group < 0 ? "cold" : String(group + 1), recall })),
  );
  if (rows.length === 0) return undefined;
  const title = `Recall by popularity of the item: ${name}`;
  return {
    id: `${name}-popularity`,
    title,
    alt: `Recall of relevant items by decile of their training count, 10 the most popular: ${lists.map(({ model, byPopularity }) => `${model} ${byPopularity.map(({ recall }) => recall.toFixed(2)).join(" ")}`).join("; ")}.`,
    spec: barSpec(title, rows, {
      x: "group",
      y: "recall",
      series: "model",
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
  return {
    id: `${name}-gates`,
    title,
    alt: `Mean gate weight of each expert: ${gates.map(({ task, entropy, collapsed }) => `${task} entropy ${entropy.toFixed(2)} of 1${collapsed ? ", collapsed onto one expert" : ""}`).join("; ")}.`,
    spec: barSpec(title, rows, {
      x: "expert",
      y: "weight",
      series: "task",
      order: [...new Set(rows.map(({ expert }) => expert))],
      xTitle: "expert",
    }),
  };
}

interface LineOptions {
  readonly x: string;
  readonly y: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series?: string;
  readonly xLog?: boolean;
}

function lineSpec(
  title: string,
  values: readonly object[],
  { x, y, xTitle, yTitle, series, xLog }: LineOptions,
): TopLevelSpec {
  const encoding = {
    x: {
      field: x,
      type: "quantitative",
      title: xTitle,
      scale: xLog ? { type: "log" } : { zero: false },
      axis: { grid: false },
    },
    y: { field: y, type: "quantitative", title: yTitle },
    ...(series !== undefined && {
      color: { field: series, type: "nominal" },
      strokeDash: { field: series, type: "nominal" },
    }),
  };
  return {
    $schema: SCHEMA,
    title,
    width: 420,
    height: 240,
    data: { values },
    layer: [{ mark: { type: "line", point: values.length <= 80, strokeWidth: 2 }, encoding }],
  } as unknown as TopLevelSpec;
}

interface BarOptions {
  readonly x: string;
  readonly y: string;
  readonly series: string;
  readonly order: readonly string[];
  readonly xTitle: string;
}

function barSpec(title: string, values: readonly object[], { x, y, series, order, xTitle }: BarOptions): TopLevelSpec {
  return {
    $schema: SCHEMA,
    title,
    width: 420,
    height: 220,
    data: { values },
    mark: "bar",
    encoding: {
      x: { field: x, type: "nominal", sort: order, title: xTitle, axis: { labelAngle: 0 } },
      xOffset: { field: series, type: "nominal" },
      y: { field: y, type: "quantitative" },
      color: { field: series, type: "nominal" },
    },
  } as unknown as TopLevelSpec;
}
