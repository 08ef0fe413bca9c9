import type { TopLevelSpec } from "vega-lite";
import { ConfigError } from "../errors.ts";
import { PALETTE } from "./plot-theme.ts";

/** One bar: a metric of one row of a result table. */
export interface Bar {
  /** Row of the table: a run or variant. */
  readonly name: string;
  /** Metric, e.g. `recall@10`: one small plot for each. */
  readonly metric: string;
  /** Null where the metric is undefined: no bar, and said so. */
  readonly value: number | null;
  /** Ends of an interval around the value. Default: none is drawn. */
  readonly interval?: readonly [low: number, high: number];
}

export interface PlotTexts {
  readonly title: string;
  /** One line under the title: what the intervals are, how many seeds. */
  readonly subtitle?: string;
  /** Small plots side by side, >= 1. Default: 3 of bars, 2 of curves. */
  readonly columns?: number;
}

const COLUMNS = 3;
const PLOT_WIDTH = 190;
const BAR_STEP = 26;

/**
 * Bars with intervals: a small plot for each metric (each with its own scale from 0), a bar for each
 * name, names and metrics in the order in which they first come.
 *
 * @throws {ConfigError} nothing to draw, or a name twice in one metric.
 */
export function intervalBarsSpec(
  bars: readonly Bar[],
  { title, subtitle, columns = COLUMNS }: PlotTexts,
): TopLevelSpec {
  assertDrawable(bars);
  const names = [...new Set(bars.map(({ name }) => name))];
  const metrics = [...new Set(bars.map(({ metric }) => metric))];
  const y = {
    field: "name",
    type: "nominal",
    sort: names,
    axis: { title: null, ticks: false, domain: false },
  } as const;
  const x = {
    field: "value",
    type: "quantitative",
    axis: { title: null, tickCount: 3, format: "~g" },
    scale: { zero: true, nice: true },
  } as const;
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: describeBars(title, bars),
    title: { text: title, ...(subtitle === undefined ? {} : { subtitle }) },
    data: { values: bars.map(barRow) },
    facet: { field: "metric", type: "nominal", sort: metrics },
    columns: Math.min(columns, metrics.length),
    spacing: { row: 24, column: 28 },
    spec: {
      width: PLOT_WIDTH,
      height: { step: BAR_STEP },
      encoding: { y },
      layer: [
        {
          mark: { type: "bar", height: { band: 0.68 } },
          encoding: { x, color: { field: "name", type: "nominal", sort: names, scale: colours(names), legend: null } },
        },
        {
          mark: { type: "rule", strokeWidth: 1.5, color: "#222222" },
          encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
        },
        {
          mark: { type: "text", align: "left", baseline: "middle", dx: 5, fontSize: 11, color: "#222222" },
          encoding: { x: { field: "labelAt", type: "quantitative" }, text: { field: "label" } },
        },
      ],
    },
    resolve: { scale: { x: "independent" } },
  };
}

/** The bars of metrics that some bar has a value of: a plot of nothing has no scale. */
export function barsWithValues(bars: readonly Bar[]): readonly Bar[] {
  const defined = new Set(bars.filter(({ value }) => value !== null).map(({ metric }) => metric));
  return bars.filter(({ metric }) => defined.has(metric));
}

/** A bar's row of data: the label stands right of the bar or of its interval, whichever reaches further. */
function barRow({ name, metric, value, interval }: Bar) {
  const [low, high] = interval ?? [value, value];
  const labelAt = Math.max(0, value ?? 0, high ?? 0);
  return { name, metric, value, low, high, labelAt, label: value === null ? "undefined" : shortNumber(value) };
}

/** A colour for each name; one for all where the palette would have to begin again, which would say they belong together. */
function colours(names: readonly string[]) {
  const single = names.length > PALETTE.length;
  return { domain: [...names], range: names.map((_, index) => PALETTE[single ? 0 : index]!) };
}

/** Three places for rates, three digits for other sizes, a true minus sign. */
export function shortNumber(value: number): string {
  const text = Math.abs(value) < 10 ? value.toFixed(3) : String(Number(value.toPrecision(3)));
  return text.replace(/^-(?=0\.000$)/, "").replace("-", "\u2212");
}

function describeBars(title: string, bars: readonly Bar[]): string {
  const texts = bars.map(
    ({ name, metric, value }) => `${metric} of ${name}: ${value === null ? "undefined" : shortNumber(value)}`,
  );
  return `${title}. ${texts.join("; ")}.`;
}

function assertDrawable(bars: readonly Bar[]): void {
  if (bars.length === 0) throw new ConfigError("intervalBarsSpec: bars must hold one bar or more, got none");
  const seen = new Set<string>();
  for (const { name, metric } of bars) {
    const key = JSON.stringify([name, metric]);
    if (seen.has(key))
      throw new ConfigError(`intervalBarsSpec: bars must hold ${metric} of ${name} once, got it twice`);
    seen.add(key);
  }
}
