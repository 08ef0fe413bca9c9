import { findGrid, type Grid } from "./ablation-grid.ts";
import type { Figure } from "./figure.ts";
import { intervalBarsSpec } from "./plot-bars.ts";
import { type HeatCell, heatMapSpec } from "./plot-heat-map.ts";
import { type AblationReport, type AblationRow, BASE_REASON } from "./read-ablation.ts";

/** Most variants that are drawn as bars; the table has all. */
const MOST_BARS = 30;

/** Gains over the base as bars with intervals, and a heat map of two axes where the ablation combines two. */
export function ablationFigures(ablation: AblationReport): readonly Figure[] {
  const base = ablation.rows.find(({ untested }) => untested === BASE_REASON)?.variant ?? "";
  const grid = findGrid(ablation, base);
  const metrics = [...new Set(ablation.rows.map(({ metric }) => metric))];
  return [
    ...gainFigure(ablation, metrics),
    ...(grid === undefined ? [] : metrics.flatMap((metric) => heatFigure(ablation, grid, metric))),
  ];
}

function gainFigure({ name, rows }: AblationReport, metrics: readonly string[]): readonly Figure[] {
  const variants = [...new Set(rows.filter(({ untested }) => untested !== BASE_REASON).map(({ variant }) => variant))];
  const shown = new Set(variants.slice(0, MOST_BARS));
  const bars = rows
    .filter(({ variant }) => shown.has(variant))
    .map(({ variant, metric, gain, interval }) => ({
      name: shortVariant(variant),
      metric,
      value: gain,
      ...(gain !== null && interval !== null && { interval }),
    }));
  const unique = new Set(bars.map((bar) => `${bar.metric}\n${bar.name}`));
  if (bars.length === 0 || unique.size < bars.length) return [];
  const title = `Gain over the base: ${name}`;
  const some = bars.some((bar) => "interval" in bar);
  const texts = {
    title,
    subtitle: some
      ? "positive is better; lines: 95 % intervals over seeds"
      : "positive is better; one seed, so no intervals",
  };
  const left = variants.length > MOST_BARS ? ` The first ${MOST_BARS} of ${variants.length} variants.` : "";
  const alt = `Gain of each variant over the base in ${metrics.join(", ")}, positive is better; the numbers are in the table below.${left}`;
  const spec = intervalBarsSpec(bars, { ...texts, columns: 2 });
  return [{ id: "ablation-gains", title, alt, spec, narrow: intervalBarsSpec(bars, { ...texts, columns: 1 }) }];
}

/** `distill.0.temperature=2` is `temperature=2`. */
export function shortVariant(variant: string): string {
  return variant.replaceAll(/(^|[,-])(?:[\w-]+\.)+(?=[\w-]+=)/g, "$1").replaceAll(",", ", ");
}

function heatFigure({ rows, name }: AblationReport, { x, y }: Grid, metric: string): readonly Figure[] {
  const own = rows.filter((row) => row.metric === metric && row.mean !== null);
  const sums = new Map<
    string,
    { place: Omit<HeatCell, "value">; values: number[]; direction: AblationRow["direction"] }
  >();
  for (const { variant, mean, direction } of own) {
    const [atX, atY] = [x.levelOf.get(variant), y.levelOf.get(variant)];
    if (atX === undefined || atY === undefined) continue;
    const key = `${atX}\n${atY}`;
    const held = sums.get(key) ?? { place: { x: atX, y: atY }, values: [], direction };
    held.values.push(mean!);
    sums.set(key, held);
  }
  const cells = [...sums.values()].map(({ place, values }) => ({ ...place, value: mean(values) }));
  if (cells.length < 2) return [];
  const most = Math.max(...[...sums.values()].map(({ values }) => values.length));
  const direction = own[0]!.direction === "min" ? "min" : "max";
  const title = `${metric}: ${name}`;
  const subtitle = `darker is better${most > 1 ? `; mean of up to ${most} variants a field` : ""}`;
  const words = cells.map((cell) => `${cell.value.toPrecision(4)} at ${cell.x}, ${cell.y}`);
  return [
    {
      id: `ablation-heat-${metric.replaceAll(/[^\w.=-]+/g, "_")}`,
      title,
      alt: `${metric} by ${x.title} (across) and ${y.title} (down), mean over seeds: ${words.join("; ")}.`,
      spec: heatMapSpec(cells, {
        title,
        subtitle,
        x: { title: x.title, order: x.levels },
        y: { title: y.title, order: y.levels },
        direction,
      }),
    },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
