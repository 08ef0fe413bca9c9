import { basename } from "node:path";
import type { ColumnConfig } from "../../../data/column-config.ts";
import { keyColumn } from "../../../data/config.ts";
import { hashFile } from "../../../data/hash-files.ts";
import type { CategoryColumn, NumberColumn } from "../../../data/raw-column.ts";
import { locateRow, type RawTable, readTable } from "../../../data/raw-table.ts";
import { resolveSource } from "../../../data/source-files.ts";
import type { ResolvedConfig } from "../../config/run-config.ts";
import { codedTexts, type ImportedPairs, type ImportedScores, listsOf } from "./imported-scores.ts";
import type { ToStored } from "./stored-value.ts";

interface PairColumns {
  readonly user: string;
  readonly item: string;
  readonly column: string;
}

/** Scores in a column of the data's own files; rows without one are left out. */
export async function readDataColumn(
  { config, folder }: ResolvedConfig,
  column: string,
  toStored: ToStored,
): Promise<ImportedScores> {
  const { data } = config;
  const files = await resolveSource(data.source, { baseDir: folder, format: data.format });
  const names = { user: keyColumn(data.columns, "user"), item: keyColumn(data.columns, "item"), column };
  const table = await readTable(files, columnsOf(names));
  const hashed = table.files.map(async ({ file, start, rows }) => ({
    name: file.name,
    sha256: await hashFile(file.path),
    start,
    rows,
  }));
  const pairs = pairsOf(table, names, toStored);
  const rows = { section: "rows", keys: ["row", "user", "item"], pairs } as const;
  return { sections: [rows], files: await Promise.all(hashed), of: table.rows };
}

/** Scores or ranks of pairs in a table of their own. */
export async function readPairTable(
  { config, folder }: ResolvedConfig,
  {
    file,
    column,
    user,
    item,
  }: {
    readonly file: string;
    readonly user?: string | undefined;
    readonly item?: string | undefined;
    readonly column: string;
  },
  { toStored, ranked }: { readonly toStored: ToStored; readonly ranked: boolean },
): Promise<ImportedScores> {
  const { columns } = config.data;
  const names = { user: user ?? keyColumn(columns, "user"), item: item ?? keyColumn(columns, "item"), column };
  const files = await resolveSource(file, { baseDir: folder, format: "auto" });
  const table = await readTable(files, columnsOf(names));
  const { row, ...pairs } = pairsOf(table, names, toStored);
  const where = basename(file);
  return { sections: [...pairSections(pairs, { ranked, where })], files: [], of: table.rows };
}

/** Pairs as rows, which training rows are joined to, and as lists. */
export function pairSections(
  pairs: ImportedPairs,
  { ranked, where }: { readonly ranked: boolean; readonly where: string },
): ImportedScores["sections"] {
  return [
    { section: "rows", keys: ["user", "item"], pairs },
    { section: "top", keys: ["user", "item", "rank"], pairs: listsOf(pairs, { ranked, where }) },
  ];
}

function columnsOf({ user, item, column }: PairColumns): Readonly<Record<string, ColumnConfig>> {
  return {
    [user]: { role: "extra", kind: "categorical", missing: "error" },
    [item]: { role: "extra", kind: "categorical", missing: "error" },
    [column]: { role: "extra", kind: "numeric", missing: "keep" },
  };
}

function pairsOf(
  table: RawTable,
  { user, item, column }: PairColumns,
  toStored: ToStored,
): ImportedPairs & { readonly row: Float64Array } {
  const { values } = table.columns.get(column) as NumberColumn;
  const kept = Int32Array.from(values.keys()).filter((row) => !Number.isNaN(values[row]!));
  const coded = (name: string) => {
    const { codes, values: texts } = table.columns.get(name) as CategoryColumn;
    return codedTexts(
      kept.map((row) => codes[row]!),
      texts,
    );
  };
  return {
    rows: kept.length,
    row: Float64Array.from(kept),
    users: coded(user),
    items: coded(item),
    scores: Float32Array.from(kept, (row) =>
      toStored(values[row]!, () => `${locateRow(table, row)}: column "${column}"`),
    ),
  };
}
