import { ConfigError } from "../errors.ts";
import { compileExpression } from "./compile-expression.ts";
import { didYouMean } from "./config-messages.ts";
import { parseExpression } from "./expression.ts";
import type { RawColumn } from "./raw-column.ts";

/** What rows are grouped by: a column's values (numbers with many values in bins of equal mass), or an expression's. */
export type RowGrouping =
  | { readonly column: string; readonly bins: number }
  | { readonly expression: string; readonly bins: number };

/** A group for each row. */
export interface RowGroups {
  /** Names of the groups, in order. */
  readonly names: readonly string[];
  /** [rows] place of the row's group; -1 where the value is missing. */
  readonly codes: Int32Array;
}

interface GroupedRows {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, RawColumn>;
  readonly locate: (row: number) => string;
}

/**
 * Groups rows by raw values, before any vocabulary.
 *
 * @throws {ConfigError} an unknown column (the nearest named), one with several values a row, or a wrong expression.
 */
export async function groupRows(
  groupings: Readonly<Record<string, RowGrouping>>,
  data: GroupedRows,
): Promise<ReadonlyMap<string, RowGroups>> {
  const groups = Object.entries(groupings).map(
    async ([name, grouping]) => [name, await grouped(name, grouping, data)] as const,
  );
  return new Map(await Promise.all(groups));
}

async function grouped(
  name: string,
  grouping: RowGrouping,
  { rows, columns, locate }: GroupedRows,
): Promise<RowGroups> {
  const where = `evaluate.slices.${name}`;
  if ("expression" in grouping) {
    const parsed = await parseExpression(grouping.expression, {
      columns: [...columns.keys()],
      where: `${where}.expression`,
    });
    const valueAt = compileExpression(parsed, { columns, where, locate });
    return numberGroups(
      Float64Array.from({ length: rows }, (_, row) => valueAt(row)),
      grouping.bins,
    );
  }
  const column = columns.get(grouping.column);
  if (column === undefined) {
    const known = [...columns.keys()];
    throw new ConfigError(
      `${where}.column: must name a column of the data (${known.join(", ")}), got "${grouping.column}"${didYouMean(grouping.column, known)}`,
    );
  }
  if (column.storage === "lists")
    throw new ConfigError(
      `${where}.column: must have one value a row, got "${grouping.column}" with several; group by an expression`,
    );
  return column.storage === "numbers"
    ? numberGroups(column.values, grouping.bins)
    : { names: column.values, codes: column.codes };
}

/** Each value is a group, or, where there are more than `bins`, a bin of neighbouring ones; NaN has none. */
export function numberGroups(values: Float64Array, bins: number): RowGroups {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const starts = distinct.length <= bins ? distinct : binStarts(sorted, bins);
  const names = Array.from(starts, (from, i) => {
    if (distinct.length <= bins) return String(from);
    const below = starts[i + 1] ?? Infinity;
    const to = distinct.findLast((value) => value < below)!;
    return from === to ? String(from) : `${from} to ${to}`;
  });
  const codes = Int32Array.from(values, (value) =>
    Number.isNaN(value) ? -1 : starts.findLastIndex((start) => start <= value),
  );
  return { names, codes };
}

/** Rising first values of the bins; equal values stay together. */
function binStarts(sorted: Float64Array, bins: number): Float64Array {
  const cuts = Array.from({ length: bins }, (_, bin) => sorted[Math.floor((bin * sorted.length) / bins)]!);
  return Float64Array.from(new Set(cuts));
}
