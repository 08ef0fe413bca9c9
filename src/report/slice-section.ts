import type { SliceResult } from "../run/evaluation/slices.ts";
import { type Figure, fileName, type ReportSection, type ReportTable, section } from "./figure.ts";
import { groupedBarsSpec } from "./plot-grouped-bars.ts";
import type { RunReport } from "./read-run-report.ts";
import { keyMetrics, resultRows } from "./result-rows.ts";

/** Test metrics by group of the slices that a run was asked for. */
export function sliceSections(run: RunReport): readonly ReportSection[] {
  const { name, slices } = run;
  if (slices.length === 0) return [];
  const metrics = keyMetrics(resultRows([run])).filter((metric) => slices.some((slice) => metric in slice.metrics));
  const bySlice = [...new Set(slices.map(({ slice }) => slice))].map(
    (slice) => [slice, slices.filter((own) => own.slice === slice)] as const,
  );
  return [
    section(`Slices: ${name}`, {
      figures:
        metrics.length === 0 ? [] : bySlice.flatMap(([slice, own]) => sliceFigure(name, slice, own, metrics[0]!)),
      tables: bySlice.map(([slice, own]) => sliceTable(name, slice, own, metrics)),
    }),
  ];
}

function sliceFigure(name: string, slice: string, own: readonly SliceResult[], metric: string): readonly Figure[] {
  const rows = own.map(({ group, model, metrics }) => ({ group, model, value: metrics[metric] ?? null }));
  if (rows.every(({ value }) => value === null)) return [];
  const words = rows.map(({ group, model, value }) => `${model}, ${group} ${value?.toFixed(3) ?? "undefined"}`);
  const title = `${metric} by ${slice}: ${name}`;
  return [
    {
      id: `${fileName(name)}-slice-${fileName(slice)}`,
      title,
      alt: `${metric} on the test part by group of ${slice}: ${words.join("; ")}.`,
      caption: `${metric} on the test part by group of ${slice}.`,
      spec: groupedBarsSpec(rows, {
        title,
        x: "group",
        order: [...new Set(own.map(({ group }) => group))],
        xTitle: slice,
        y: "value",
        yTitle: metric,
        series: { field: "model", order: [...new Set(own.map(({ model }) => model))] },
      }),
    },
  ];
}

function sliceTable(name: string, slice: string, own: readonly SliceResult[], metrics: readonly string[]): ReportTable {
  return {
    id: `${fileName(name)}-slice-${fileName(slice)}`,
    caption: `${slice}: test metrics by group. Users are those with a relevant item of the group.`,
    columns: ["group", "model", "rows", "users", ...metrics],
    rows: own.map((result) => [
      result.group,
      result.model,
      result.rows,
      result.users,
      ...metrics.map((metric) => result.metrics[metric] ?? null),
    ]),
  };
}
