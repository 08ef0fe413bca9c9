import { ConfigError, DataError } from "../errors.ts";
import { permutation, randomStream } from "../random.ts";
import { compileExpression, type RowValue } from "./compile-expression.ts";
import { type DataConfig, keyColumn, soleColumn } from "./config.ts";
import { parseExpression } from "./expression.ts";
import { parseTime } from "./parse-cell.ts";
import type { CategoryColumn, NumberColumn } from "./raw-column.ts";
import { locateRow, type RawTable, rowsOfPart } from "./raw-table.ts";
import { PART_NAMES, type PartName } from "./source-files.ts";
import type { SplitConfig } from "./split-config.ts";

/** The rows of each part that the config names, in file order, or in time order where the split is by time. */
export type PartRows = Readonly<Partial<Record<PartName, Int32Array>>>;

/**
 * Gives rows to parts as `data.split` and `data.source` say.
 *
 * @throws {DataError} a named part is empty, a row is in two parts, or a row has no time where one is needed.
 * @throws {ConfigError} an expression is wrong.
 */
export async function splitRows(table: RawTable, config: DataConfig): Promise<PartRows> {
  const parts = await assignRows(table, config);
  for (const [part, rows] of Object.entries(parts)) {
    if (rows.length > 0) continue;
    throw new DataError(
      `data.split: part ${part} must have rows, got none of ${table.rows}; see data.split and data.source`,
    );
  }
  return parts;
}

async function assignRows(table: RawTable, config: DataConfig): Promise<PartRows> {
  const { split, source } = config;
  if (typeof source === "object" && !Array.isArray(source)) {
    const named = PART_NAMES.filter((part) => source[part] !== undefined);
    return Object.fromEntries(named.map((part) => [part, rowsOfPart(table, part)]));
  }
  switch (split?.by) {
    case undefined:
      return { train: everyRow(table.rows) };
    case "expression":
      return splitByExpression(table, { split, columns: Object.keys(config.columns) });
    case "time":
      return splitByTime(timeColumn(table, config), split);
    case "ratio":
      return splitByRatio(table, { split, config });
  }
}

async function splitByExpression(
  table: RawTable,
  { split, columns }: { split: Extract<SplitConfig, { by: "expression" }>; columns: readonly string[] },
): Promise<PartRows> {
  const locate = (row: number): string => locateRow(table, row);
  const members: { part: PartName; isMember: RowValue }[] = [];
  for (const part of PART_NAMES) {
    const text = split[part];
    if (text === undefined) continue;
    const where = `data.split.${part}`;
    const parsed = await parseExpression(text, { columns, where });
    members.push({ part, isMember: compileExpression(parsed, { columns: table.columns, where, locate }) });
  }
  const rowsOf = members.map((): number[] => []);
  for (let row = 0; row < table.rows; row++) {
    let first: PartName | undefined;
    for (const [i, { part, isMember }] of members.entries()) {
      if (isMember(row) === 0) continue;
      if (first !== undefined && split.overlap === "error") throw leak(locate(row), [first, part]);
      first ??= part;
      rowsOf[i]!.push(row);
    }
  }
  return Object.fromEntries(members.map(({ part }, i) => [part, Int32Array.from(rowsOf[i]!)]));
}

function leak(where: string, parts: readonly PartName[]): DataError {
  const cure = "mend data.split, or set overlap: allow if it is meant";
  return new DataError(`${where}: a row must be in one part, got ${parts.join(" and ")}; ${cure}`);
}

function splitByTime(times: Float64Array, split: Extract<SplitConfig, { by: "time" }>): PartRows {
  const order = everyRow(times.length).sort((a, b) => times[a]! - times[b]! || a - b);
  if (split.cuts !== undefined) {
    const { validation, test } = split.cuts;
    return cutAt(times, order, {
      ...(validation !== undefined && { validation: cutTime(validation, "validation") }),
      ...(test !== undefined && { test: cutTime(test, "test") }),
    });
  }
  const { train, validation, test } = split.fractions!;
  const timeAt = (share: number): number =>
    times[order[Math.min(order.length - 1, Math.round(share * order.length))]!]!;
  return cutAt(times, order, {
    ...(validation > 0 && { validation: timeAt(train) }),
    ...(test > 0 && { test: timeAt(train + validation) }),
  });
}

/** Rows from a cut's time on belong to its part: rows of one time are never parted. */
function cutAt(
  times: Float64Array,
  order: Int32Array,
  cuts: { readonly validation?: number; readonly test?: number },
): PartRows {
  const from = (cut: number | undefined): number => {
    const at = cut === undefined ? -1 : order.findIndex((row) => times[row]! >= cut);
    return at < 0 ? order.length : at;
  };
  const testStart = from(cuts.test);
  const validationStart = Math.min(from(cuts.validation), testStart);
  return {
    train: order.slice(0, validationStart),
    ...(cuts.validation !== undefined && { validation: order.slice(validationStart, testStart) }),
    ...(cuts.test !== undefined && { test: order.slice(testStart) }),
  };
}

function cutTime(cut: number | string, part: PartName): number {
  const time = typeof cut === "number" ? cut : parseTime(cut);
  if (time !== undefined) return time;
  throw new ConfigError(
    `data.split.cuts.${part}: a cut must be a number or an ISO 8601 date, got ${JSON.stringify(cut)}`,
  );
}

function splitByRatio(
  table: RawTable,
  { split, config }: { split: Extract<SplitConfig, { by: "ratio" }>; config: DataConfig },
): PartRows {
  const groups = split.group === "user" ? userGroups(table, config) : new Int32Array(table.rows);
  const rank = rankRows(table, { split, config });
  // Rows by group, within a group by rank.
  const order = everyRow(table.rows).sort((a, b) => groups[a]! - groups[b]! || rank[a]! - rank[b]!);
  const partOf = new Uint8Array(table.rows);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && groups[order[end]!] === groups[order[start]!]) end++;
    const size = end - start;
    const tests = Math.floor(size * split.test + 1e-9);
    const validations = Math.floor(size * split.validation + 1e-9);
    for (let i = end - tests - validations; i < end; i++) partOf[order[i]!] = i < end - tests ? 1 : 2;
    start = end;
  }
  const rowsOf = (part: number): Int32Array => everyRow(table.rows).filter((row) => partOf[row] === part);
  return {
    train: rowsOf(0),
    ...(split.validation > 0 && { validation: rowsOf(1) }),
    ...(split.test > 0 && { test: rowsOf(2) }),
  };
}

function rankRows(
  table: RawTable,
  { split, config }: { split: Extract<SplitConfig, { by: "ratio" }>; config: DataConfig },
): Float64Array | Int32Array {
  if (split.order === "file") return everyRow(table.rows);
  if (split.order === "random") return permutation(table.rows, randomStream(split.seed, "split"));
  const times = timeColumn(table, config);
  const order = everyRow(table.rows).sort((a, b) => times[a]! - times[b]! || a - b);
  const rank = new Int32Array(table.rows);
  for (const [i, row] of order.entries()) rank[row] = i;
  return rank;
}

function userGroups(table: RawTable, config: DataConfig): Int32Array {
  const users = table.columns.get(keyColumn(config.columns, "user")) as CategoryColumn;
  return users.codes;
}

function timeColumn(table: RawTable, config: DataConfig): Float64Array {
  const name = soleColumn(config.columns, "time")!;
  const { values } = table.columns.get(name) as NumberColumn;
  const absent = values.findIndex((value) => Number.isNaN(value));
  if (absent < 0) return values;
  throw new DataError(
    `${locateRow(table, absent)}: column ${JSON.stringify(name)} must have a time for data.split, got none`,
  );
}

function everyRow(rows: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row);
}
