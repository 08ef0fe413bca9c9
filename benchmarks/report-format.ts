import { median } from "./statistics.ts";

/** Median and range. */
export const milliseconds = (values: readonly number[]): string =>
  `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)})`;

/** A Markdown table's lines. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string[] =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);

/** A figure beside the bar that it is held against. */
export function judged(value: number, bar: number | undefined, better: "more" | "less" = "more"): string {
  if (bar === undefined) return value.toFixed(2);
  const reached = better === "more" ? value >= bar : value <= bar;
  return `${value.toFixed(2)} (bar ${bar}: ${reached ? "reached" : "missed"})`;
}
