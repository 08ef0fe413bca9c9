// P = pairs, U = users, K = width of the lists, B = rows of a batch
import { DataError, ShapeError } from "../errors.ts";
import { assertCount, assertFinite, assertSameLength, type Numbers } from "./argument-checks.ts";
import { assertCutoffs, assertTopLists, listOf, type TopLists } from "./top-lists.ts";

/**
 * KNN recall@K: the share of (user, item) pairs whose item is among the user's K nearest of the whole corpus. Every
 * pair counts alike (recall@k of `rankingMetrics` counts every user alike); nothing seen is masked in the usual form.
 *
 * @param lists - [U, >= K] nearest items by tower score.
 * @param users - [P] user of each pair. @param items - [P] its item.
 * @returns [0, 1]; null without pairs.
 * @throws {ShapeError} lengths differ. @throws {DataError} an unknown user. @throws {ConfigError} k past the lists' width.
 * Source: Liu et al. (2021), "Que2Search" (KNN Recall@K).
 */
export function knnRecall(
  lists: TopLists,
  users: ArrayLike<number>,
  items: ArrayLike<number>,
  { k }: { readonly k: number },
): number | null {
  assertSameLength("knnRecall", { users, items });
  assertCutoffs("knnRecall", [k], lists.width);
  assertTopLists("knnRecall", "lists", lists);
  let hits = 0;
  for (let pair = 0; pair < users.length; pair++) {
    const user = users[pair]!;
    if (!(Number.isInteger(user) && user >= 0 && user < lists.users)) {
      throw new DataError(`knnRecall: users must be in [0, ${lists.users}), got ${user} at ${pair}`);
    }
    if (listOf(lists, user, k).includes(items[pair]!)) hits++;
  }
  return users.length > 0 ? hits / users.length : null;
}

export interface BatchRecallOptions {
  readonly k: number;
  /** [B, B] 1 where row i must not count column j (an accidental hit); the diagonal must be 0. Default: none. */
  readonly ignored?: Numbers;
}

/**
 * Batch recall@K: the share of rows of a batch whose own item is among the K best of the batch's items. Equal scores
 * are taken as ordered by chance, so that a collapsed model (all scores equal) gets K / B and no more.
 *
 * @param scores - [B, B] row-major, finite: row i against the item of row j; own items on the diagonal.
 * @returns [0, 1]; null for an empty batch.
 * @throws {ShapeError} not square, or `ignored` of another size. @throws {DataError} a score that is not finite.
 * Source: Liu et al. (2021), "Que2Search" (batch Recall@1).
 */
export function batchRecall(scores: Numbers, { k, ignored }: BatchRecallOptions): number | null {
  assertCount("batchRecall", "k", k);
  assertFinite("batchRecall", "scores", scores);
  const size = Math.sqrt(scores.length);
  if (!Number.isInteger(size)) throw new ShapeError(`batchRecall: scores must be [B, B], got ${scores.length} values`);
  if (ignored !== undefined) assertSameLength("batchRecall", { scores, ignored });
  let recalled = 0;
  for (let row = 0; row < size; row++) {
    const { better, equal } = rivals(scores, row, size, ignored);
    recalled += Math.min(1, Math.max(0, (k - better) / (equal + 1)));
  }
  return size > 0 ? recalled / size : null;
}

function rivals(scores: Numbers, row: number, size: number, ignored: Numbers | undefined) {
  const own = scores[row * size + row]!;
  let better = 0;
  let equal = 0;
  for (let column = 0; column < size; column++) {
    const place = row * size + column;
    if (column === row || (ignored !== undefined && ignored[place] !== 0)) continue;
    if (scores[place]! > own) better++;
    else if (scores[place]! === own) equal++;
  }
  return { better, equal };
}
