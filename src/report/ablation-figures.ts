import type { VariantResult } from "../run/ablation/results.ts";
import { findGrid, type Grid } from "./ablation-grid.ts";
import { type Figure, fileName } from "./figure.ts";
import { type Bar, barsWithValues, intervalBarsSpec } from "./plot-bars.ts";
import { type HeatCell, heatMapSpec } from "./plot-heat-map.ts";
import type { AblationReport } from "./read-ablation.ts";

/** Most variants that are drawn as bars; the table has all. */
const MOST_BARS = 30;

/** Gains over the base as bars with intervals, and a heat map of two axes where the ablation combines two. */
export function ablationFigures(ablation: AblationReport): readonly Figure[] {
  const grid = findGrid(ablation.results);
  return [
    ...gainFigure(ablation),
    ...(grid === undefined ? [] : ablation.metrics.flatMap((metric) => heatFigure(ablation, grid, metric))),
  ];
}

function gainFigure({ name, results, metrics }: AblationReport): readonly Figure[] {
  const others = results.filter(({ kind }) => kind !== "base");
  const names = new Map(others.map(({ variant }) => [variant, shortVariant(variant)]));
  const isClear = new Set(names.values()).size === names.size;
  const all = others.slice(0, MOST_BARS).flatMap(({ variant, metrics: own }) =>
    own.map(({ metric, gain, interval, overUsers }): Bar => {
      const ends = interval ?? overUsers?.interval;
      const label = isClear ? names.get(variant)! : variant;
      return { name: label, metric, value: gain, ...(gain !== null && ends && { interval: ends }) };
    }),
  );
  const bars = barsWithValues(all);
  if (bars.length === 0) return [];
  const title = `Gain over the base: ${name}`;
  const texts = { title, subtitle: `positive is better; ${intervalWords(others)}` };
  const left = others.length > MOST_BARS ? ` The first ${MOST_BARS} of ${others.length} rows.` : "";
  const alt = `Gain of each row over the base in ${metrics.join(", ")}; ${texts.subtitle}. The numbers are in the tables below.${left}`;
  const spec = intervalBarsSpec(bars, { ...texts, columns: 2 });
  return [{ id: "ablation-gains", title, alt, spec, narrow: intervalBarsSpec(bars, { ...texts, columns: 1 }) }];
}

/** Over what the drawn intervals are. */
function intervalWords(results: readonly VariantResult[]): string {
  const all = results.flatMap(({ metrics }) => metrics);
  const over = [
    ...(all.some(({ interval }) => interval !== null) ? ["seeds"] : []),
    ...(all.some(({ interval, overUsers }) => interval === null && overUsers?.interval) ? ["users"] : []),
  ];
  return over.length === 0 ? "no intervals" : `lines: 95 % intervals over ${over.join(", or users alone: ")}`;
}

/** `distill.0.temperature=2` is `temperature=2`. */
export function shortVariant(variant: string): string {
  return variant.replaceAll(/(^without-|^|,)(?:[\w-]+\.)+(?=[\w-]+=)/g, "$1").replaceAll(",", ", ");
}

function heatFigure({ results, name }: AblationReport, { x, y }: Grid, metric: string): readonly Figure[] {
  const held = new Map<string, { readonly place: Omit<HeatCell, "value">; readonly values: number[] }>();
  for (const { variant, metrics } of results) {
    const [atX, atY] = [x.levelOf.get(variant), y.levelOf.get(variant)];
    const value = metrics.find((own) => own.metric === metric)?.mean ?? null;
    if (atX === undefined || atY === undefined || value === null) continue;
    const key = `${atX}\n${atY}`;
    const cell = held.get(key) ?? { place: { x: atX, y: atY }, values: [] };
    cell.values.push(value);
    held.set(key, cell);
  }
  const cells = [...held.values()].map(({ place, values }) => ({ ...place, value: mean(values) }));
  const direction = results[0]!.metrics.find((own) => own.metric === metric)?.direction;
  if (cells.length < 2 || direction === undefined || direction === "near-one") return [];
  const most = Math.max(...[...held.values()].map(({ values }) => values.length));
  const title = `${metric}: ${name}`;
  const subtitle = `darker is better${most > 1 ? `; mean of up to ${most} variants a field` : ""}`;
  const words = cells.map((cell) => `${cell.value.toPrecision(4)} at ${cell.x}, ${cell.y}`);
  const what = `${metric} by ${x.title} (across) and ${y.title} (down), mean over seeds`;
  const axes = { x: { title: x.title, order: x.levels }, y: { title: y.title, order: y.levels } };
  return [
    {
      id: `ablation-heat-${fileName(metric)}`,
      title,
      alt: `${what}: ${words.join("; ")}.`,
      caption: `${what}.`,
      spec: heatMapSpec(cells, { title, subtitle, direction, ...axes }),
    },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
