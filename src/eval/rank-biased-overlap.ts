// S, L = the shorter and the longer list, s <= l their lengths
import { assertFraction } from "./argument-checks.ts";
import { overLists, type PerList } from "./over-lists.ts";
import { checkListPair } from "./overlap.ts";
import { listOf, type TopLists } from "./top-lists.ts";

export interface RankBiasedOverlapOptions {
  /** Persistence in (0, 1): a reader goes on to the next rank with this chance. Default 0.9 (first 10 ranks weigh 86 %). */
  readonly p?: number;
}

/**
 * Extrapolated rank-biased overlap of two top lists of each user: agreement at every depth, top ranks weighing most.
 *
 * @returns [0, 1] for each user; undefined where a list is empty. Symmetric; 1 for equal lists, 0 for disjoint ones.
 * @throws {ShapeError} different numbers of users. @throws {ConfigError} p is not in (0, 1).
 * Source: Webber, Moffat, Zobel (2010), "A similarity measure for indefinite rankings", eq. 32.
 */
export function rankBiasedOverlap(a: TopLists, b: TopLists, { p = 0.9 }: RankBiasedOverlapOptions = {}): PerList {
  assertFraction("rankBiasedOverlap", "p", p);
  checkListPair("rankBiasedOverlap", { a, b }, [a.width, b.width]);
  return overLists(a.users, (user) => {
    const [listA, listB] = [listOf(a, user), listOf(b, user)];
    return listA.length <= listB.length ? extrapolated(listA, listB, p) : extrapolated(listB, listA, p);
  });
}

function extrapolated(short: Int32Array, long: Int32Array, p: number): number | null {
  const s = short.length;
  const l = long.length;
  if (s === 0) return null;
  const overlap = overlapByDepth(short, long);
  const atShort = overlap[s]!;
  let sum = 0;
  for (let depth = 1; depth <= l; depth++) {
    sum += (overlap[depth]! / depth) * p ** depth;
    if (depth > s) sum += ((atShort * (depth - s)) / (s * depth)) * p ** depth;
  }
  return ((1 - p) / p) * sum + ((overlap[l]! - atShort) / l + atShort / s) * p ** l;
}

/** [l + 1] items that the first d places have in common, d = 0 .. l. */
function overlapByDepth(short: Int32Array, long: Int32Array): Float64Array {
  const overlap = new Float64Array(long.length + 1);
  const inShort = new Set<number>();
  const inLong = new Set<number>();
  for (let place = 0; place < long.length; place++) {
    const fromLong = long[place]!;
    inLong.add(fromLong);
    let found = inShort.has(fromLong) ? 1 : 0;
    if (place < short.length) {
      inShort.add(short[place]!);
      if (inLong.has(short[place]!)) found++;
    }
    overlap[place + 1] = overlap[place]! + found;
  }
  return overlap;
}
