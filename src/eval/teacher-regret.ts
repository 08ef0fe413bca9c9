// L = lists, N = candidates of a list
import { ShapeError } from "../errors.ts";
import { assertCount, assertFinite, assertSameLength, type Numbers, stretch } from "./argument-checks.ts";
import { overLists, type PerList } from "./over-lists.ts";
import { rankLists } from "./rank-lists.ts";
import { listOf } from "./top-lists.ts";

/**
 * Teacher-regret@k over candidate lists: what the student's choice loses in the teacher's eyes, the teacher's mean
 * score of its own best k minus its mean score of the student's best k.
 *
 * @param studentScores - one score a candidate; only their order matters.
 * @param teacherScores - one score a candidate; the result has their unit.
 * @param offsets - [L + 1] list l is the candidates offsets[l] .. offsets[l+1] - 1.
 * @returns >= 0 for each list (0: the student's k are as good); undefined for an empty list; k is cut to the list's length.
 * @throws {ShapeError} lengths differ. @throws {DataError} a score that is not finite.
 */
export function teacherRegretAtK(
  studentScores: Numbers,
  teacherScores: Numbers,
  offsets: Int32Array,
  { k }: { readonly k: number },
): PerList {
  assertSameLength("teacherRegretAtK", { studentScores, teacherScores });
  const studentBest = rankLists(studentScores, offsets, { k });
  const teacherBest = rankLists(teacherScores, offsets, { k });
  return overLists(offsets.length - 1, (list) => {
    const scores = stretch(teacherScores, offsets[list]!, offsets[list + 1]!);
    if (scores.length === 0) return null;
    return meanScore(scores, listOf(teacherBest, list)) - meanScore(scores, listOf(studentBest, list));
  });
}

/**
 * Teacher-regret@k over the full corpus, from the teacher's scores of both top lists.
 *
 * @param teacherOfOwn - [U, K] the teacher's scores of its own list, best first.
 * @param teacherOfStudent - [U, K] the teacher's scores of the student's list, in the student's order.
 * @param options.width - K. @param options.k - cut-off in [1, K].
 * @returns the teacher's score unit, for each user; >= 0 where the teacher's list is the teacher's best.
 * @throws {ShapeError} sizes differ or are no multiple of K. @throws {DataError} a score that is not finite.
 */
export function teacherRegretOfTopLists(
  teacherOfOwn: Numbers,
  teacherOfStudent: Numbers,
  { width, k }: { readonly width: number; readonly k: number },
): PerList {
  const where = "teacherRegretOfTopLists";
  assertSameLength(where, { teacherOfOwn, teacherOfStudent });
  assertCount(where, "k", k);
  if (!(k <= width && teacherOfOwn.length % width === 0)) {
    throw new ShapeError(
      `${where}: scores must be [U, ${width}] with k <= ${width}, got ${teacherOfOwn.length}, k ${k}`,
    );
  }
  assertFinite(where, "teacherOfOwn", teacherOfOwn);
  assertFinite(where, "teacherOfStudent", teacherOfStudent);
  return overLists(teacherOfOwn.length / width, (user) => {
    let regret = 0;
    for (let i = user * width; i < user * width + k; i++) regret += teacherOfOwn[i]! - teacherOfStudent[i]!;
    return regret / k;
  });
}

function meanScore(scores: Numbers, places: Int32Array): number {
  let sum = 0;
  for (const place of places) sum += scores[place]!;
  return sum / places.length;
}
