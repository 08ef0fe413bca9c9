import type { TopLevelSpec } from "vega-lite";
import { ConfigError } from "../errors.ts";
import type { PlotTexts } from "./plot-bars.ts";
import { PALETTE } from "./plot-theme.ts";

/** One logged value of a loss term. */
export interface LossPoint {
  /** Training step, >= 0. */
  readonly step: number;
  /** Term, e.g. `loss/total`: one small plot for each. */
  readonly term: string;
  readonly value: number;
  /** Which line of the plot: a part ("train", "validation") or a run. Default: one line without a name. */
  readonly series?: string;
  /** Which stroke of the line: lines have gaps between strokes. Default: one stroke. */
  readonly stroke?: number;
}

export interface LossCurvesOptions extends PlotTexts {
  /** Step to mark as the best, with a dashed line. Default: none. */
  readonly markedStep?: number;
  /** Most points of a line, >= 2; longer lines are drawn as means of neighbours, and the plot says so. Default 400. */
  readonly maxPoints?: number;
}

const COLUMNS = 2;
/** So few points are drawn as dots too. */
const FEW_POINTS = 40;

/**
 * Loss curves by term: a small plot for each term with its own scale, a line for each series, all over the same steps.
 *
 * @throws {ConfigError} nothing to draw, a value that is not finite.
 */
export function lossCurvesSpec(points: readonly LossPoint[], options: LossCurvesOptions): TopLevelSpec {
  assertDrawable(points);
  const { title, subtitle, markedStep, maxPoints = 400, columns = COLUMNS } = options;
  const terms = [...new Set(points.map(({ term }) => term))];
  const series = [...new Set(points.map((point) => point.series ?? ""))];
  const { rows, mostPerPoint } = thinned(points, maxPoints);
  const lines = [
    subtitle,
    mostPerPoint > 1 ? `long lines: each point is the mean of up to ${mostPerPoint} logged values` : undefined,
  ];
  const subtitles = lines.filter((line) => line !== undefined);
  const last = points.reduce((largest, { step }) => Math.max(largest, step), 0);
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: describeLosses(title, points, terms),
    title: { text: title, ...(subtitles.length > 0 ? { subtitle: subtitles } : {}) },
    data: { values: rows },
    facet: { field: "term", type: "nominal", sort: terms },
    columns: Math.min(columns, terms.length),
    spacing: { row: 88, column: 72 },
    bounds: "flush",
    spec: {
      width: 320,
      height: 170,
      layer: [
        {
          mark: { type: "line", strokeWidth: 2, point: points.length <= FEW_POINTS },
          encoding: {
            x: {
              field: "step",
              type: "quantitative",
              scale: { domain: [0, last], nice: false },
              axis: { title: "step", tickCount: 5, grid: false },
            },
            y: {
              field: "value",
              type: "quantitative",
              scale: { zero: false },
              axis: { title: null, tickCount: 5, labelFlush: true },
            },
            ...(points.some(({ stroke }) => stroke !== undefined) && { detail: { field: "stroke", type: "nominal" } }),
            color: {
              field: "series",
              type: "nominal",
              sort: series,
              scale: { domain: series, range: [...PALETTE] },
              legend: series.length > 1 ? {} : null,
            },
          },
        },
        ...(markedStep === undefined ? [] : markLayers(markedStep, last)),
      ],
    },
    resolve: { scale: { y: "independent" }, axis: { x: "independent" } },
  };
}

/** A dashed line at the best step, with its name on the side where there is room. */
function markLayers(step: number, last: number) {
  const x = { datum: step, type: "quantitative" as const };
  // One mark a plot, and not one for each of its values.
  const transform = [{ aggregate: [{ op: "count" as const, as: "values" }], groupby: [] }];
  const isRight = step > 0.7 * last;
  return [
    {
      transform,
      mark: { type: "rule" as const, strokeDash: [4, 3], strokeWidth: 1.2, color: "#4D4D4D" },
      encoding: { x },
    },
    {
      transform,
      mark: {
        type: "text" as const,
        text: "best",
        align: isRight ? ("right" as const) : ("left" as const),
        dx: isRight ? -4 : 4,
        fontSize: 11,
        color: "#222222",
      },
      encoding: { x, y: { value: 165 } },
    },
  ];
}

interface LossRow {
  readonly step: number;
  readonly term: string;
  readonly series: string;
  readonly stroke?: number;
  readonly value: number;
}

/** Lines of at most `maxPoints` points: longer ones become means of equally many neighbours, each at its last step. */
function thinned(points: readonly LossPoint[], maxPoints: number): { rows: readonly LossRow[]; mostPerPoint: number } {
  const lines = new Map<string, LossPoint[]>();
  for (const point of points) {
    const key = JSON.stringify([point.term, point.series ?? "", point.stroke ?? 0]);
    const line = lines.get(key);
    if (line === undefined) lines.set(key, [point]);
    else line.push(point);
  }
  let mostPerPoint = 1;
  const rows = [...lines.values()].flatMap((line) => {
    line.sort((a, b) => a.step - b.step);
    const perPoint = Math.ceil(line.length / maxPoints);
    mostPerPoint = Math.max(mostPerPoint, perPoint);
    return Array.from({ length: Math.ceil(line.length / perPoint) }, (_, bucket) =>
      meanPoint(line.slice(bucket * perPoint, (bucket + 1) * perPoint)),
    );
  });
  return { rows, mostPerPoint };
}

function meanPoint(points: readonly LossPoint[]): LossRow {
  const { step, term, series = "", stroke } = points.at(-1)!;
  const mean = points.reduce((sum, { value }) => sum + value, 0) / points.length;
  return { step, term, series, ...(stroke !== undefined && { stroke }), value: mean };
}

function describeLosses(title: string, points: readonly LossPoint[], terms: readonly string[]): string {
  const ends = terms.map((term) => {
    const ofTerm = points.filter((point) => point.term === term).sort((a, b) => a.step - b.step);
    return `${term} goes from ${ofTerm[0]!.value.toPrecision(3)} to ${ofTerm.at(-1)!.value.toPrecision(3)}`;
  });
  return `${title}. ${ends.join("; ")}.`;
}

function assertDrawable(points: readonly LossPoint[]): void {
  if (points.length === 0) throw new ConfigError("lossCurvesSpec: points must hold one point or more, got none");
  for (const { step, term, value } of points) {
    if (Number.isFinite(value) && Number.isFinite(step)) continue;
    throw new ConfigError(`lossCurvesSpec: ${term} must be finite, got ${value} at step ${step}`);
  }
}
