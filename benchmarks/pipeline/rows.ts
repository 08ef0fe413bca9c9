import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DataConfig, dataConfig } from "../../src/data/config.ts";

/** Rows of 12 fields and a click, as Parquet and as an Arrow file. */
export interface WrittenRows {
  readonly folder: string;
  readonly remove: () => void;
}

/** `toScore`: rows of a second file, `new-rows.parquet`. */
export function writeRows(python: string, count: number, toScore?: number): WrittenRows {
  const folder = mkdtempSync(join(tmpdir(), "twinstill-bench-"));
  execFileSync(
    python,
    [join(import.meta.dirname, "make_rows.py"), folder, ...[count, toScore ?? []].flat().map(String)],
    { stdio: "inherit" },
  );
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** The `data` block that reads a file of them. */
export function rowsConfig(file: string): DataConfig {
  return dataConfig.parse(rowsBlock(file));
}

/** The same as it stands in a configuration. */
export function rowsBlock(file: string) {
  const fields = (role: "user" | "item") =>
    Array.from({ length: 5 }, (_, field) => [`${role}${field}`, { role, kind: "categorical" }] as const);
  return {
    source: file,
    columns: {
      user: { role: "user", kind: "id" },
      item: { role: "item", kind: "id" },
      ...Object.fromEntries([...fields("user"), ...fields("item")]),
      click: { role: "label" },
    },
    labels: { click: "click" },
  };
}
