import { resolve } from "node:path";
import type { CategoryColumn, NumberColumn } from "../../data/raw-column.ts";
import { locateRow, type RawTable, readTable } from "../../data/raw-table.ts";
import { resolveSource } from "../../data/source-files.ts";
import { DataError } from "../../errors.ts";
import type { SpaceConfig } from "./cascade-config.ts";

type LoggedConfig = Extract<SpaceConfig, { kind: "logged" }>;

/** Requests of a logged cascade: those of request r are entries offsets[r] to offsets[r + 1] - 1. */
export interface StageTable {
  readonly offsets: Int32Array;
  /** [requests] id of each request's user. */
  readonly users: readonly string[];
  /** [entries] id of each item. */
  readonly items: readonly string[];
}

/**
 * Reads the items that a table of a cascade's stages says requests reached.
 *
 * @throws {DataError} a request's rows are apart or have several users, or a rank comes twice in a stage of a request.
 */
export async function readStageTable(config: LoggedConfig, folder: string): Promise<StageTable> {
  const { columns, only, reached } = config;
  const files = await resolveSource(resolve(folder, config.file), { baseDir: folder, format: "auto" });
  const table = await readTable(files, {
    [columns.request]: { role: "group" },
    [columns.user]: { role: "group" },
    [columns.item]: { role: "group" },
    [columns.stage]: { role: "label", missing: "error" },
    [columns.rank]: { role: "label", missing: "error" },
    ...(only && { [only.column]: { role: "label", missing: "error" } }),
  });
  const [request, user, item] = (["request", "user", "item"] as const).map(
    (name) => table.columns.get(columns[name]) as CategoryColumn,
  ) as [CategoryColumn, CategoryColumn, CategoryColumn];
  const [stage, rank] = (["stage", "rank"] as const).map((name) => numbersOf(table, columns[name])) as [
    Float64Array,
    Float64Array,
  ];
  checkRequests(table, { request, user, stage, rank });
  const wanted = only && numbersOf(table, only.column);
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = only ?? {};
  const offsets: number[] = [];
  const users: string[] = [];
  const items: string[] = [];
  let last = -1;
  for (let row = 0; row < table.rows; row++) {
    if (stage[row]! < reached || (wanted !== undefined && !(wanted[row]! >= from && wanted[row]! <= to))) continue;
    if (request.codes[row] !== last) {
      last = request.codes[row]!;
      offsets.push(items.length);
      users.push(user.values[user.codes[row]!]!);
    }
    items.push(item.values[item.codes[row]!]!);
  }
  if (users.length === 0)
    throw new DataError(
      `${config.file}: table must hold items that reached stage ${reached}, got none of ${table.rows} rows`,
    );
  return { offsets: Int32Array.from([...offsets, items.length]), users, items };
}

const numbersOf = (table: RawTable, name: string): Float64Array => (table.columns.get(name) as NumberColumn).values;

interface CheckedColumns {
  readonly request: CategoryColumn;
  readonly user: CategoryColumn;
  readonly stage: Float64Array;
  readonly rank: Float64Array;
}

function checkRequests(table: RawTable, { request, user, stage, rank }: CheckedColumns): void {
  const ended = new Set<number>();
  let places = new Set<number>();
  const fail = (rule: string, row: number, got: string): DataError =>
    new DataError(`${locateRow(table, row)}: ${rule}, got ${got} in request ${request.values[request.codes[row]!]}`);
  for (let row = 0; row < table.rows; row++) {
    const code = request.codes[row]!;
    if (row > 0 && code !== request.codes[row - 1]) {
      ended.add(request.codes[row - 1]!);
      places = new Set();
      if (ended.has(code)) throw fail("rows of a request must stand together", row, "rows of others between them");
    } else if (row > 0 && user.codes[row] !== user.codes[row - 1])
      throw fail("a request must have one user", row, `"${user.values[user.codes[row]!]}" as a second one`);
    const place = stage[row]! * 2 ** 32 + rank[row]!;
    if (places.has(place))
      throw fail(
        "ranks must not repeat in a stage of a request",
        row,
        `rank ${rank[row]} twice in stage ${stage[row]}`,
      );
    places.add(place);
  }
}
