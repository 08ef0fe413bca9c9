// L = lists, N = candidates of a list
import { assertCount, assertFinite, type Numbers, stretch } from "./argument-checks.ts";
import { assertOffsets } from "./over-lists.ts";
import { descendingOrder } from "./stable-order.ts";
import { NO_ITEM, type TopLists } from "./top-lists.ts";

/**
 * The k best candidates of each list by score, as places within the list; equal scores keep the lower place.
 *
 * @param scores - finite; list l is scores[offsets[l]] .. scores[offsets[l+1] - 1].
 * @param offsets - [L + 1] rising from 0.
 * @returns [L, k]; NO_ITEM where a list has fewer than k candidates.
 * @throws {ShapeError} offsets do not cover the scores. @throws {DataError} a score that is not finite.
 */
export function rankLists(scores: Numbers, offsets: Int32Array, { k }: { readonly k: number }): TopLists {
  assertCount("rankLists", "k", k);
  assertFinite("rankLists", "scores", scores);
  assertOffsets("rankLists", offsets, scores.length);
  const lists = offsets.length - 1;
  const items = new Int32Array(lists * k).fill(NO_ITEM);
  for (let list = 0; list < lists; list++) {
    items.set(descendingOrder(stretch(scores, offsets[list]!, offsets[list + 1]!)).subarray(0, k), list * k);
  }
  return { users: lists, width: k, items };
}
