import type { Cell, ReportTable } from "./figure.ts";

/** A cell as text; `dash` stands for what is undefined. */
export function cellText(cell: Cell, dash: string): string {
  if (cell === null) return dash;
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return formatNumber(cell);
  return `${formatNumber(cell.value)} [${cell.interval.map(formatNumber).join(", ")}]`;
}

/** Whole numbers with separators, rates with four places, large and tiny ones with fewer digits. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en");
  if (size >= 10) return value.toFixed(2);
  return size < 0.0001 ? value.toExponential(1) : value.toFixed(4);
}

/** A table's records for CSV, all digits; a column with intervals becomes three. */
export function tableRecords({
  columns,
  rows,
}: Pick<ReportTable, "columns" | "rows">): readonly Readonly<Record<string, string | number | null>>[] {
  const wide = columns.map((_, i) => rows.some((row) => typeof row[i] === "object" && row[i] !== null));
  return rows.map((row) =>
    Object.fromEntries(
      columns.flatMap((column, i): [string, string | number | null][] => {
        const cell = row[i] ?? null;
        const estimate = typeof cell === "object" && cell !== null ? cell : undefined;
        if (!wide[i]) return [[column, cell as string | number | null]];
        return [
          [column, estimate ? estimate.value : (cell as string | number | null)],
          [`${column} low`, estimate?.interval[0] ?? null],
          [`${column} high`, estimate?.interval[1] ?? null],
        ];
      }),
    ),
  );
}
