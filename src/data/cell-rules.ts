import type { CellRules } from "./column-builder.ts";
import { type ColumnConfig, isFeature } from "./column-config.ts";

/** How the cells of a column are read. */
export function cellRules(column: ColumnConfig): CellRules {
  const keepMissing = "missing" in column && column.missing !== "error";
  const base = { keepMissing, dates: column.role === "time" };
  if (isFeature(column)) {
    if (column.kind === "multi") return { ...base, storage: "lists", separator: column.separator };
    return { ...base, storage: column.kind === "numeric" ? "numbers" : "categories" };
  }
  const categorical = column.role === "group" || (column.role === "extra" && column.kind === "categorical");
  return { ...base, storage: categorical ? "categories" : "numbers" };
}
