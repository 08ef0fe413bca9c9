import type { Dataset } from "../../data/dataset.ts";
import type { ScoreColumns } from "../../distill/scores/score-columns.ts";
import { packTexts, type TextColumn, takeTexts } from "../../distill/scores/text-column.ts";
import type { HeadScores } from "./score-heads.ts";

/** Ids of a dataset's users and items as a store keeps them. */
export interface KeyTexts {
  readonly users: TextColumn;
  readonly items: TextColumn;
}

/** Packs the ids of both catalogues. */
export function keyTexts({ users, items }: Dataset): KeyTexts {
  return { users: packTexts(users.ids), items: packTexts(items.ids) };
}

/** Scored pairs by the numbers of a dataset. */
export interface Pairs {
  readonly rows: Int32Array;
  /** Items of the catalogue; default: each row's own. */
  readonly items?: Int32Array;
  readonly scores: HeadScores;
  /** Neighbours with one row are a list, best first. */
  readonly ranked?: boolean;
}

/** The pairs with the keys that a store keeps. */
export function pairColumns({ users, items, source }: Dataset, keys: KeyTexts, pairs: Pairs): ScoreColumns {
  const { rows, scores, ranked = false } = pairs;
  const itemNumbers = pairs.items ?? rows.map((row) => items.rowEntity[row]!);
  return {
    rows: rows.length,
    row: Float64Array.from(rows, (row) => source.rows[row]!),
    user: takeTexts(
      keys.users,
      rows.map((row) => users.rowEntity[row]!),
    ),
    item: takeTexts(keys.items, itemNumbers),
    ...(ranked && { rank: ranksOf(rows) }),
    scores,
  };
}

function ranksOf(rows: Int32Array): Int32Array {
  let rank = 0;
  return rows.map((row, i) => {
    rank = i > 0 && row === rows[i - 1] ? rank + 1 : 1;
    return rank;
  });
}

/** Rows in blocks of `size`, numbered. */
export function* blocks(rows: Int32Array, size: number): Generator<readonly [number, Int32Array]> {
  for (let start = 0, shard = 0; start < rows.length; start += size, shard++)
    yield [shard, rows.subarray(start, start + size)];
}
