import type { TopLevelSpec } from "vega-lite";
import { ConfigError } from "../errors.ts";
import { SCHEMA } from "./figure.ts";
import { type PlotTexts, shortNumber } from "./plot-bars.ts";

/** One field of a heat map: a metric at a place of two axes. */
export interface HeatCell {
  readonly x: string;
  readonly y: string;
  readonly value: number;
}

export interface HeatMapOptions extends Omit<PlotTexts, "columns"> {
  /** What the axes are, and their values in order. */
  readonly x: { readonly title: string; readonly order: readonly string[] };
  readonly y: { readonly title: string; readonly order: readonly string[] };
  /** Which values are dark: the better ones. */
  readonly direction: "max" | "min";
}

/** Colours from pale to dark; the better the darker. */
const SCALE = ["#E8F1F8", "#9CC7E3", "#4595C6", "#0B5C96", "#063B63"];
/** The name of the y axis over its labels, for it is often longer than the axis. */
const ABOVE = {
  titleAngle: 0,
  titleAlign: "left",
  titleBaseline: "bottom",
  titleX: 0,
  titleY: -6,
};
/** Share of the way from the worst to the best from which a field's number is white: both have a contrast over 4.5 there. */
const DARK = 0.62;

/**
 * A heat map of two axes with its numbers in the fields.
 *
 * @throws {ConfigError} no cell, or two at one place.
 */
export function heatMapSpec(cells: readonly HeatCell[], options: HeatMapOptions): TopLevelSpec {
  if (cells.length === 0) throw new ConfigError("heatMapSpec: cells must hold one cell or more, got none");
  const places = new Set(cells.map(({ x, y }) => JSON.stringify([x, y])));
  if (places.size < cells.length)
    throw new ConfigError("heatMapSpec: cells must stand at different places, got two at one");
  const { title, subtitle, x, y, direction } = options;
  const values = cells.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const share = (value: number): number => {
    const up = high === low ? 0 : (value - low) / (high - low);
    return direction === "max" ? up : 1 - up;
  };
  const rows = cells.map((cell) => ({ ...cell, label: shortNumber(cell.value), dark: share(cell.value) > DARK }));
  const axis = { labelAngle: 0, domain: false, ticks: false, grid: false };
  const encoding = {
    x: { field: "x", type: "nominal", sort: x.order, title: x.title, axis },
    y: { field: "y", type: "nominal", sort: y.order, title: y.title, axis: { ...axis, ...ABOVE } },
  };
  return {
    $schema: SCHEMA,
    title: { text: title, ...(subtitle === undefined ? {} : { subtitle }) },
    width: { step: 64 },
    height: { step: 34 },
    data: { values: rows },
    encoding,
    layer: [
      {
        mark: { type: "rect", stroke: "#888888", strokeWidth: 0.5 },
        encoding: {
          color: {
            field: "value",
            type: "quantitative",
            scale: { domain: [low, high], range: direction === "max" ? SCALE : [...SCALE].reverse() },
            legend: null,
          },
        },
      },
      {
        mark: { type: "text", fontSize: 12 },
        encoding: {
          text: { field: "label" },
          color: { condition: { test: "datum.dark", value: "#FFFFFF" }, value: "#000000" },
        },
      },
    ],
  } as unknown as TopLevelSpec;
}
