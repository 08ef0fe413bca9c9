// Metrics of lists from their definitions, in float64 on plain arrays.

type List = readonly number[];

/** Items that the first k of two lists have in common, over the longer of the two. */
export function overlapOfLists(a: List, b: List, k: number): number | null {
  const [first, second] = [a.slice(0, k), b.slice(0, k)];
  const longer = Math.max(first.length, second.length);
  return longer === 0 ? null : first.filter((item) => second.indexOf(item) >= 0).length / longer;
}

/** Share of the truth's first k among the student's first m. */
export function recallAtM(
  student: List,
  truth: List,
  { m, k }: { readonly m: number; readonly k: number },
): number | null {
  const best = truth.slice(0, k);
  const found = best.map((item) => (student.slice(0, m).indexOf(item) >= 0 ? 1 : 0) as number);
  return best.length === 0 ? null : found.reduce((sum, hit) => sum + hit, 0) / best.length;
}

/** Share of pairs whose item is among the first k of its user's list. */
export function recallOfPairs(
  lists: readonly List[],
  pairs: readonly (readonly [user: number, item: number])[],
  k: number,
): number | null {
  const hits = pairs.map(([user, item]) => {
    const rank = lists[user]!.indexOf(item);
    return rank >= 0 && rank < k ? 1 : (0 as number);
  });
  return pairs.length === 0 ? null : hits.reduce((sum, hit) => sum + hit, 0) / pairs.length;
}

/**
 * Chance that the own item is among the k best of its row where ties are ordered by chance: the mean over all places
 * that it may take among its equals.
 */
export function batchRecallByPlaces(scores: readonly (readonly number[])[], k: number): number | null {
  const rows = scores.map((row, i) => {
    const better = row.filter((score, j) => j !== i && score > row[i]!).length;
    const equal = row.filter((score, j) => j !== i && score === row[i]).length;
    const places = Array.from({ length: equal + 1 }, (_, place) => (better + place < k ? 1 : (0 as number)));
    return places.reduce((sum, hit) => sum + hit, 0) / places.length;
  });
  return rows.length === 0 ? null : rows.reduce((sum, value) => sum + value, 0) / rows.length;
}

/** Teacher's mean score of its k best less that of the student's k best. */
export function regretOfList(student: List, teacher: List, k: number): number | null {
  const byScore = (scores: List): number[] =>
    scores.map((_, i) => i).toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  const meanOf = (places: List): number => places.reduce((sum, place) => sum + teacher[place]!, 0) / places.length;
  if (teacher.length === 0) return null;
  return meanOf(byScore(teacher).slice(0, k)) - meanOf(byScore(student).slice(0, k));
}
