import type { TopLevelSpec } from "vega-lite";
import { SCHEMA } from "./figure.ts";
import { legendOf } from "./plot-lines.ts";

export interface GroupedBarsOptions {
  readonly title: string;
  /** Field of the groups, and all of them in their order. */
  readonly x: string;
  readonly order: readonly string[];
  readonly xTitle: string;
  readonly y: string;
  readonly yTitle: string;
  /** Field of the bars of a group, and all of them in their order. */
  readonly series: { readonly field: string; readonly order: readonly string[] };
  /** Bars of a group on top of each other, in place of side by side. */
  readonly stacked?: boolean;
}

/** Bars in groups: side by side, or on top of each other. */
export function groupedBarsSpec(values: readonly object[], options: GroupedBarsOptions): TopLevelSpec {
  const { title, x, order, xTitle, y, yTitle, series, stacked = false } = options;
  const placed = values.map((value) => ({
    ...value,
    place: series.order.indexOf(String((value as Readonly<Record<string, unknown>>)[series.field])),
  }));
  const longest = Math.max(...order.map((name) => name.length));
  return {
    $schema: SCHEMA,
    title,
    width: 340,
    height: 220,
    data: { values: placed },
    mark: "bar",
    encoding: {
      x: { field: x, type: "nominal", sort: order, title: xTitle, axis: { labelAngle: longest > 6 ? -40 : 0 } },
      y: { field: y, type: "quantitative", title: yTitle, axis: { tickCount: 5 }, stack: stacked },
      color: { field: series.field, type: "nominal", sort: series.order, legend: legendOf(series.order) },
      ...(stacked
        ? { order: { field: "place", type: "quantitative" } }
        : { xOffset: { field: series.field, type: "nominal", sort: series.order } }),
    },
  } as unknown as TopLevelSpec;
}
