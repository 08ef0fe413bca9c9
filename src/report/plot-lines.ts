import type { TopLevelSpec } from "vega-lite";
import { SCHEMA } from "./figure.ts";

export interface LineOptions {
  readonly title: string;
  /** Fields of the values, and what the axes say. */
  readonly x: string;
  readonly y: string;
  readonly xTitle: string;
  readonly yTitle: string;
  /** Field that tells lines apart, and its values in their order. Default: one line. */
  readonly series?: { readonly field: string; readonly order: readonly string[] };
  /** Logarithmic, with labels at these values. */
  /** Field that says which values belong to one stroke, where a line has gaps. */
  readonly stroke?: string;
  readonly xLog?: readonly number[];
  /** Names in their order, in place of numbers. */
  readonly xOrder?: readonly string[];
  /** Draws the dashed line of perfect calibration. */
  readonly diagonal?: boolean;
}

/** Few values are drawn as dots too. */
const FEW_POINTS = 80;

/** Lines told apart by colour and dash. */
export function linesSpec(values: readonly object[], options: LineOptions): TopLevelSpec {
  const { title, x, y, xTitle, yTitle, series, stroke, xLog, xOrder, diagonal } = options;
  const order = series && series.order.length > 1 ? series.order : undefined;
  const encoding = {
    x: xOrder
      ? { field: x, type: "ordinal", sort: xOrder, title: xTitle, axis: { labelAngle: 0 } }
      : {
          field: x,
          type: "quantitative",
          title: xTitle,
          scale: xLog ? { type: "log" } : { zero: false },
          axis: { grid: false, ...xTicks(xLog) },
        },
    y: { field: y, type: "quantitative", title: yTitle, axis: { tickCount: 5 } },
    ...(stroke !== undefined && { detail: { field: stroke, type: "nominal" } }),
    ...(series &&
      order && {
        color: { field: series.field, type: "nominal", sort: order, legend: legendOf(order) },
        strokeDash: { field: series.field, type: "nominal", sort: order },
      }),
  };
  const line = { mark: { type: "line", point: values.length <= FEW_POINTS, strokeWidth: 2 }, encoding };
  return {
    $schema: SCHEMA,
    title,
    width: 340,
    height: 220,
    data: { values },
    layer: [...(diagonal ? [diagonalLayer()] : []), line],
  } as unknown as TopLevelSpec;
}

function xTicks(log: readonly number[] | undefined): object {
  return log ? { values: log, format: "~g" } : { tickCount: 6, labelOverlap: "greedy", labelSeparation: 6 };
}

/** Long names stand under each other. */
export function legendOf(names: readonly string[]): { readonly columns: number } {
  const longest = Math.max(...names.map((name) => name.length));
  return { columns: longest > 28 ? 1 : longest > 16 ? 2 : 3 };
}

function diagonalLayer() {
  const ends = [
    { x: 0, y: 0 },
    { x: 1, y: 1 },
  ];
  return {
    data: { values: ends },
    mark: { type: "line", strokeDash: [4, 4], color: "#888888" },
    encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
  };
}
