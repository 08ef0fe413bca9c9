import type { SectionName } from "../../../distill/scores/manifest.ts";
import type { KeyColumn, ScoreColumns } from "../../../distill/scores/score-columns.ts";
import { packTexts, type TextColumn, takeTexts, textAt } from "../../../distill/scores/text-column.ts";
import { DataError } from "../../../errors.ts";

/** Scored pairs in the order in which they are stored. */
export interface ImportedPairs {
  readonly rows: number;
  /** [rows] rows of the source, where the scores are of the data's own rows. */
  readonly row?: Float64Array;
  /** [rows] by id. */
  readonly users: CodedTexts;
  readonly items: CodedTexts;
  /** [rows] place in the user's list, from 1. */
  readonly rank?: Int32Array;
  readonly scores: Float32Array;
}

/** Texts by code. */
export interface CodedTexts {
  readonly codes: Int32Array;
  readonly values: TextColumn;
}

export interface ImportedScores {
  readonly sections: readonly {
    readonly section: Extract<SectionName, "rows" | "top">;
    readonly keys: readonly KeyColumn[];
    readonly pairs: ImportedPairs;
  }[];
  readonly files: readonly {
    readonly name: string;
    readonly sha256: string;
    readonly start: number;
    readonly rows: number;
  }[];
  /** Rows that were looked at. */
  readonly of: number;
}

/** Pairs [from, to) as a shard's columns. */
export function takePairs(
  { row, users, items, rank, scores }: ImportedPairs,
  { from, to, head }: { readonly from: number; readonly to: number; readonly head: string },
): ScoreColumns {
  return {
    rows: to - from,
    ...(row && { row: row.slice(from, to) }),
    user: takeTexts(users.values, users.codes.subarray(from, to)),
    item: takeTexts(items.values, items.codes.subarray(from, to)),
    ...(rank && { rank: rank.slice(from, to) }),
    scores: { [head]: scores.slice(from, to) },
  };
}

/** Values by code as a store keeps them. */
export function codedTexts(codes: Int32Array, values: readonly string[]): CodedTexts {
  return { codes, values: packTexts(values) };
}

/**
 * Each user's pairs as one list, users by first appearance, best first.
 *
 * @param ranked - the scores are negated ranks: they must be 1, 2, 3 ... of each user.
 * @throws {DataError} an item comes twice in a list, or ranks have gaps.
 */
export function listsOf(
  pairs: ImportedPairs,
  { ranked, where }: { readonly ranked: boolean; readonly where: string },
): ImportedPairs {
  const { users, items, scores } = pairs;
  const order = Int32Array.from(users.codes.keys()).sort(
    (a, b) => users.codes[a]! - users.codes[b]! || scores[b]! - scores[a]! || a - b,
  );
  const rank = new Int32Array(order.length);
  let seen = new Set<number>();
  for (const [i, at] of order.entries()) {
    const first = i === 0 || users.codes[at] !== users.codes[order[i - 1]!];
    rank[i] = first ? 1 : rank[i - 1]! + 1;
    if (first) seen = new Set();
    const who = (): string => `user ${JSON.stringify(textAt(users.values, users.codes[at]!))}`;
    if (seen.has(items.codes[at]!))
      throw new DataError(`${where}: items of a list must differ, got one twice for ${who()}`);
    seen.add(items.codes[at]!);
    if (ranked && -scores[at]! !== rank[i])
      throw new DataError(
        `${where}: ranks of a list must be 1, 2, 3 ... without gaps, got ${-scores[at]!} where ${rank[i]} must stand for ${who()}`,
      );
  }
  return {
    rows: order.length,
    users: { ...users, codes: order.map((at) => users.codes[at]!) },
    items: { ...items, codes: order.map((at) => items.codes[at]!) },
    rank,
    scores: Float32Array.from(order, (at) => scores[at]!),
  };
}
