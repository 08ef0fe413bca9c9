import Table from "cli-table3";

/** One line of a result table: a name, numbers, null where undefined. */
export type ResultRow = { readonly name: string } & Readonly<Record<string, string | number | null>>;

const NO_LINE = { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" };
const BLANKS = {
  left: "",
  right: "",
  top: "",
  "top-left": "",
  "top-right": "",
  "top-mid": "",
  bottom: "",
  "bottom-left": "",
  "bottom-right": "",
  "bottom-mid": "",
  middle: "",
};

/** Results as a table for the terminal: a metric's prefix stands above its name; undefined values show as a dash. */
export function metricsTable(rows: readonly ResultRow[], columns: readonly string[]): string {
  const table = new Table({
    chars: { ...BLANKS, ...NO_LINE },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    colAligns: ["left", ...columns.map(() => "right" as const)],
  });
  const heads = columns.map((column) => (column.includes("/") ? column.split(/(?<=\/)/) : ["", column]));
  table.push(["", ...heads.map(([prefix]) => prefix!)], ["", ...heads.map(([, name]) => name!)]);
  for (const row of rows) table.push([row.name, ...columns.map((column) => cell(row[column], column))]);
  return table.toString();
}

function cell(value: string | number | null | undefined, column: string): string {
  if (value === null || value === undefined) return "-";
  if (typeof value === "string") return value;
  if (column.endsWith("seconds")) return value.toFixed(1);
  return Number.isInteger(value) || Math.abs(value) >= 10 ? String(Math.round(value * 10) / 10) : value.toFixed(4);
}
