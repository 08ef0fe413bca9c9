import { DataError } from "../../errors.ts";
import { readShards, type ScoreStore } from "./open-store.ts";
import type { PairIndex } from "./pair-index.ts";
import type { ScoreColumns } from "./score-columns.ts";
import type { RowFinder } from "./source-rows.ts";
import { textAt } from "./text-column.ts";

export type DuplicatePolicy = "error" | "last";

/** Scores of rows of the data. */
export interface JoinedRows {
  /** [rows] by head; 0 where there is none: read them with the mask. */
  readonly scores: ReadonlyMap<string, Float32Array>;
  /** [rows] 1 where the row has a score. */
  readonly mask: Float32Array;
  /** Rows with a score. */
  readonly joined: number;
  /** Scored pairs that are no row of the data. */
  readonly unused: number;
  /** Pairs that were scored more than once. */
  readonly repeated: number;
}

export interface JoinTarget {
  readonly heads: readonly string[];
  /** An array of `length` zeros for the result. */
  readonly newArray: (length: number) => Float32Array;
  readonly rows: number;
  /** What to do where two scores meet one row. */
  readonly duplicates: DuplicatePolicy;
}

/** Calls `visit` with each row of the data that scored pair i of the columns belongs to. */
type Placement = (columns: ScoreColumns) => (i: number, visit: (row: number) => void) => void;

/**
 * Joins the section `rows` by row number.
 *
 * @throws {DataError} two scores for one row, or the store has no row numbers.
 */
export function joinByRow(store: ScoreStore, find: RowFinder, target: JoinTarget): Promise<JoinedRows> {
  assertKeys(store, ["row"], "row");
  return join(store, target, ({ row }) => (i, visit) => {
    const found = find(row![i]!);
    if (found >= 0) visit(found);
  });
}

/** Numbers of users and items by id, and the rows to join to. */
export interface JoinedPairs {
  readonly users: ReadonlyMap<string, number>;
  readonly items: ReadonlyMap<string, number>;
  readonly index: PairIndex;
  /** [places] row of each place of the index. */
  readonly rows: Int32Array;
}

/**
 * Joins the section `rows` by user and item: a score goes to every row with its pair.
 *
 * @throws {DataError} two scores for one pair, or the store has no users or items.
 */
export function joinByPair(
  store: ScoreStore,
  { users, items, index, rows }: JoinedPairs,
  target: JoinTarget,
): Promise<JoinedRows> {
  assertKeys(store, ["user", "item"], "user-item");
  return join(store, target, (columns) => (i, visit) => {
    const user = users.get(textAt(columns.user!, i));
    const item = user === undefined ? undefined : items.get(textAt(columns.item!, i));
    if (item === undefined) return;
    for (let place = index.first(user!, item); place >= 0; place = index.next(place)) visit(rows[place]!);
  });
}

async function join(store: ScoreStore, target: JoinTarget, place: Placement): Promise<JoinedRows> {
  const scores = target.heads.map((head) => [head, target.newArray(target.rows)] as const);
  const mask = target.newArray(target.rows);
  const counts = { joined: 0, unused: 0, repeated: 0 };
  for await (const { path, columns } of readShards(store, "rows")) {
    const each = place(columns);
    for (let i = 0; i < columns.rows; i++) {
      let visited = 0;
      each(i, (row) => {
        if (mask[row] === 1 && visited === 0) {
          if (target.duplicates === "error") throw repeated(path, columns, i);
          counts.repeated++;
        }
        if (mask[row] === 0) counts.joined++;
        mask[row] = 1;
        for (const [head, values] of scores) values[row] = columns.scores[head]![i]!;
        visited++;
      });
      if (visited === 0) counts.unused++;
    }
  }
  return { scores: new Map(scores), mask, ...counts };
}

function repeated(path: string, { row, user, item }: ScoreColumns, i: number): DataError {
  const pair =
    user && item
      ? `user ${JSON.stringify(textAt(user, i))} and item ${JSON.stringify(textAt(item, i))}`
      : `row ${row![i]}`;
  return new DataError(
    `${path}: keys must differ, got two scores for ${pair}; score again, or set scores.duplicates: last`,
  );
}

function assertKeys(
  { folder, manifest }: ScoreStore,
  wanted: readonly ("row" | "user" | "item")[],
  join: string,
): void {
  const keys = manifest.sections.rows?.keys ?? [];
  const missing = wanted.filter((key) => !keys.includes(key));
  if (manifest.sections.rows === undefined || missing.length === 0) return;
  throw new DataError(
    `${folder.path}: score store must have key columns ${wanted.join(", ")} for join: ${join}, got ${keys.join(", ")}; ${missing.join(", ")} missing`,
  );
}
