import { writeFileSync } from "node:fs";
import path from "node:path";
import { type DataConfigInput, parseDataConfig } from "../../src/data/config.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { type OpenDatasetOptions, openDataset } from "../../src/data/open-dataset.ts";

/** Columns u (user), i (item) and y (label), and a label y == 1. */
export const BASE_COLUMNS = {
  u: { role: "user", kind: "id" },
  i: { role: "item", kind: "id" },
  y: { role: "label" },
} satisfies DataConfigInput["columns"];

/** Opens a CSV text, with the base columns and what `config` adds. */
export function openText(
  folder: string,
  text: string,
  config: Partial<DataConfigInput> = {},
  options: Partial<OpenDatasetOptions> = {},
): Promise<Dataset> {
  writeFileSync(path.join(folder, "rows.csv"), text);
  const whole = { source: "rows.csv", labels: { click: "y == 1" }, ...config };
  const columns = { ...BASE_COLUMNS, ...config.columns };
  return openDataset(parseDataConfig({ ...whole, columns }), { baseDir: folder, ...options });
}

/** A CSV text of the given header and rows. */
export function csv(header: string, rows: readonly (readonly unknown[])[]): string {
  return `${[header, ...rows.map((row) => row.join(","))].join("\n")}\n`;
}
