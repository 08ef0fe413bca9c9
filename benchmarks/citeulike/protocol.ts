// Hit rate and NDCG of one held-out item among 499 sampled ones. Sampled metrics do not order models as full-corpus ones do
// (Krichene and Rendle, KDD 2020); they are taken here because the published figures are such.
import { NEGATIVES } from "./split.ts";

export const CUTOFFS = [5, 10, 20] as const;
export type Quality = Readonly<Record<`${"H" | "N"}@${(typeof CUTOFFS)[number]}`, number>>;

export interface Vectors {
  readonly width: number;
  /** [users, width] */
  readonly users: Float32Array;
  /** [items, width] */
  readonly items: Float32Array;
}

/** @returns the score of a user and an item. */
export function dot({ width, users, items }: Vectors, user: number, item: number): number {
  let sum = 0;
  for (let d = 0, u = user * width, i = item * width; d < width; d++) sum += users[u + d]! * items[i + d]!;
  return sum;
}

/** @param lists - [users, 1 + NEGATIVES], the held-out item first. Equal scores count against it. */
export function quality(vectors: Vectors, lists: Int32Array): Quality {
  const width = NEGATIVES + 1;
  const users = lists.length / width;
  const sums = new Map<string, number>();
  const add = (name: string, value: number): Map<string, number> => sums.set(name, (sums.get(name) ?? 0) + value);
  let counted = 0;
  for (let user = 0; user < users; user++) {
    if (lists[user * width]! < 0) continue;
    counted++;
    const own = dot(vectors, user, lists[user * width]!);
    let rank = 1;
    for (let j = 1; j < width; j++) if (dot(vectors, user, lists[user * width + j]!) >= own) rank++;
    for (const k of CUTOFFS) {
      add(`H@${k}`, rank <= k ? 1 : 0);
      add(`N@${k}`, rank <= k ? 1 / Math.log2(rank + 1) : 0);
    }
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, sum / counted])) as Quality;
}
