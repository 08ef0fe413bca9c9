// Full-corpus ranking metrics of one user, float64, from their definitions.

/** Metrics of the first k of a list for a set of relevant items, at least one. */
export function rankingOfUser(list: readonly number[], relevant: ReadonlySet<number>, k: number) {
  const gains = Array.from({ length: k }, (_, place) => (relevant.has(list[place] ?? -1) ? 1 : 0));
  const hits = gains.filter((gain) => gain === 1).length;
  const dcg = (values: readonly number[]) => values.reduce<number>((sum, gain, i) => sum + gain / Math.log2(i + 2), 0);
  const ideal = Array.from({ length: k }, (_, place) => (place < relevant.size ? 1 : 0));
  const precisionAt = (place: number) => gains.slice(0, place + 1).filter((gain) => gain === 1).length / (place + 1);
  const first = gains.indexOf(1);
  return {
    recall: hits / relevant.size,
    hitrate: Math.min(1, hits),
    ndcg: dcg(gains) / dcg(ideal),
    mrr: first < 0 ? 0 : 1 / (first + 1),
    map: gains.reduce<number>((sum, gain, i) => sum + gain * precisionAt(i), 0) / Math.min(k, relevant.size),
  };
}

/** The k best items by dot product plus bias, seen ones left out, ties to the lower item: a full sort of the corpus. */
export function bestItems(
  user: readonly number[],
  items: readonly (readonly number[])[],
  { k, seen = new Set(), bias }: { k: number; seen?: ReadonlySet<number>; bias?: readonly number[] },
): readonly number[] {
  const score = (item: number) => items[item]!.reduce((sum, x, d) => sum + x * user[d]!, bias?.[item] ?? 0);
  const unseen = [...items.keys()].filter((item) => !seen.has(item));
  return unseen.sort((a, b) => score(b) - score(a) || a - b).slice(0, k);
}
