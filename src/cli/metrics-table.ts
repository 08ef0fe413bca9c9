import Table from "cli-table3";

/** One line of a result table: a name, numbers, null where undefined. */
export type ResultRow = { readonly name: string } & Readonly<Record<string, string | number | null>>;

/** Results as a table for the terminal; undefined values show as a dash. */
export function metricsTable(rows: readonly ResultRow[], columns: readonly string[]): string {
  const table = new Table({
    head: ["", ...columns],
    style: { head: [], border: [] },
    colAligns: ["left", ...columns.map(() => "right" as const)],
  });
  for (const row of rows) table.push([row.name, ...columns.map((column) => cell(row[column]))]);
  return table.toString();
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "string") return value;
  return Number.isInteger(value) ? String(value) : value.toFixed(4);
}
