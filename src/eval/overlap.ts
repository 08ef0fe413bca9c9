// U = users (or lists), K = width of the lists
import { ShapeError } from "../errors.ts";
import { assertCount } from "./argument-checks.ts";
import { overLists, type PerList } from "./over-lists.ts";
import { assertCutoffs, assertTopLists, listOf, type TopLists } from "./top-lists.ts";

/**
 * Share of the first k places that two lists have in common: |A_k and B_k| / k', k' the longer list's length up to k.
 *
 * @returns [0, 1] for each user; undefined where both lists are empty. Symmetric.
 * @throws {ShapeError} different numbers of users. @throws {ConfigError} k reaches past a list's width.
 */
export function overlapAtK(a: TopLists, b: TopLists, { k }: { readonly k: number }): PerList {
  checkListPair("overlapAtK", { a, b }, [k, k]);
  return overLists(a.users, (user) => {
    const [listA, listB] = [listOf(a, user, k), listOf(b, user, k)];
    const length = Math.max(listA.length, listB.length);
    return length === 0 ? null : commonItems(listA, listB) / length;
  });
}

/**
 * Recall@m@k: the share of the true first k (the teacher's, of all candidates) that survives in the student's first m.
 *
 * @param student - [U, >= m]. @param truth - [U, >= k] by the teacher's score or the true order.
 * @returns [0, 1] for each user; undefined where the true list is empty. A true list shorter than k counts what it has.
 * @throws {ShapeError} different numbers of users. @throws {ConfigError} m or k reaches past a list's width.
 * Source: Wang et al. (2024), "Adaptive Neural Ranking Framework" (Recall@m@k), arXiv:2310.10462.
 */
export function recallAtMAtK(
  student: TopLists,
  truth: TopLists,
  { m, k }: { readonly m: number; readonly k: number },
): PerList {
  checkListPair("recallAtMAtK", { student, truth }, [m, k]);
  return overLists(truth.users, (user) => {
    const best = listOf(truth, user, k);
    return best.length === 0 ? null : commonItems(listOf(student, user, m), best) / best.length;
  });
}

/** How many items two lists share. */
export function commonItems(a: Int32Array, b: Int32Array): number {
  const inA = new Set(a);
  let common = 0;
  for (const item of b) if (inA.has(item)) common++;
  return common;
}

/** The checks that comparisons of two sets of lists share; `ks` are the cut-offs of the first and the second. */
export function checkListPair(
  where: string,
  pair: Readonly<Record<string, TopLists>>,
  ks: readonly [number, number],
): void {
  const [[nameA, a], [nameB, b]] = Object.entries(pair) as [[string, TopLists], [string, TopLists]];
  if (a.users !== b.users) {
    throw new ShapeError(`${where}: ${nameA} and ${nameB} must be for the same users, got ${a.users} and ${b.users}`);
  }
  for (const [index, lists] of [a, b].entries()) {
    assertCount(where, "k", ks[index]!);
    assertCutoffs(where, [ks[index]!], lists.width);
    assertTopLists(where, [nameA, nameB][index]!, lists);
  }
}
