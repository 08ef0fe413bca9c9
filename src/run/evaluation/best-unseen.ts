import type { ItemSets, TopLists } from "../../eval/top-lists.ts";

/**
 * The k best unseen items of each user by scores that `score` writes for one user at a time; equal scores by lower
 * item number. For scorers that are not a dot product; for vectors see eval's topItems.
 *
 * @param score - fills [items] scores of a user; users come in rising order.
 */
export function bestUnseen(
  users: number,
  corpus: number,
  seen: ItemSets,
  k: number,
  score: (user: number, scores: Float32Array) => void,
): TopLists {
  const items = new Int32Array(users * k).fill(-1);
  const scores = new Float32Array(corpus);
  for (let user = 0; user < users; user++) {
    score(user, scores);
    for (const item of seen.items.subarray(seen.offsets[user]!, seen.offsets[user + 1]!))
      scores[item] = Number.NEGATIVE_INFINITY;
    const order = Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (let i = 0; i < k && scores[order[i]!]! > Number.NEGATIVE_INFINITY; i++) items[user * k + i] = order[i]!;
  }
  return { users, width: k, items };
}
