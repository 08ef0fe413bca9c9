// B = lists, N = items a list, n = real items of one; P = the student's soft permutation, row i is place i
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertLists, comparable, realCount, realItems } from "../lists/list-mask.ts";
import { topMask } from "../lists/list-order.ts";
import { hardPermutation } from "../lists/soft-permutation.ts";
import {
  firstPlaces,
  logCost,
  meanOverReal,
  type SortedOptions,
  softPermutation,
  stageShares,
} from "../lists/stage-places.ts";
import { assertTopK } from "./position-weighted.ts";

export interface RecallOptions extends SortedOptions {
  /** m: items that the stage passes on; >= 1. */
  readonly selected: number;
  /** k: the best items that must be among them; >= 1. */
  readonly relevant: number;
}

export interface AdaptiveRankingOptions extends RecallOptions {
  /** Learned balance, != 0; a parameter. Default 1. */
  readonly alpha?: number | tf.Scalar;
}

/**
 * Soft Recall@m@k: each of the k best items should lie in the first m places.
 *
 *     L = mean_j [ -log( (1/m) sum_{i <= m} P_ij + 1e-6 ) 1{j among the k best} ]
 *
 * Gradient: through the columns of P, that is, to the items near the cut at m. @returns [B], >= 0; 0 for a list without
 * a comparable pair, or of at most m items.
 *
 * @param studentLogits - [B, N].
 * @param teacherScores - [B, N] final relevance, higher is better (the stage an item reached, then its rank there). Held
 *   constant.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const options = { selected: 2, relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
 * relaxedRecall(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[4, 1, 2, 3]]), options).arraySync(); // [0.6232]
 *
 * Source: Wang et al. (WWW 2024), arXiv:2310.10462 (ARF), L_Relax.
 */
export function relaxedRecall(studentLogits: tf.Tensor, teacherScores: tf.Tensor, options: RecallOptions): tf.Tensor1D {
  checkRecall("relaxedRecall", studentLogits, teacherScores, options);
  return tf.tidy(() => recallOf(softPermutation(studentLogits, options), teacherScores, options)) as tf.Tensor1D;
}

function recallOf(permutation: tf.Tensor3D, teacherScores: tf.Tensor, options: RecallOptions): tf.Tensor {
  const { mask, selected, relevant } = options;
  const share = tf.div(firstPlaces(permutation, selected), selected);
  const best = topMask(teacherScores, mask, relevant);
  const losses = tf.mul(logCost(share), best);
  return tf.mul(meanOverReal(losses, mask), longEnough(teacherScores, options));
}

/**
 * The whole order, softly: L = mean_ij [ -log(P_ij + 1e-6) Y_ij ], Y the permutation that sorts the teacher's scores.
 *
 * @param studentLogits - [B, N]. @param teacherScores - [B, N] any scores, higher is better. Held constant.
 * @returns [B], >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} temperature is not positive.
 *
 * @example
 * const options = { temperature: 1, relativeTo: "absolute" } as const;
 * globalOrder(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[4, 1, 2, 3]]), options).arraySync(); // [0.3698]
 *
 * Source: Wang et al. (WWW 2024), arXiv:2310.10462 (ARF), L_Global.
 */
export function globalOrder(
  studentLogits: tf.Tensor,
  teacherScores: tf.Tensor,
  options: SortedOptions = {},
): tf.Tensor1D {
  assertLists("globalOrder", options.mask, ["studentLogits", studentLogits], ["teacherScores", teacherScores]);
  return tf.tidy(() => orderLoss(softPermutation(studentLogits, options), teacherScores, options)) as tf.Tensor1D;
}

function orderLoss(permutation: tf.Tensor3D, teacherScores: tf.Tensor, { mask }: SortedOptions): tf.Tensor {
  const target = hardPermutation(stopGradient(teacherScores), mask);
  const losses = tf.mul(logCost(permutation), target);
  const count = tf.maximum(tf.squeeze(realCount(teacherScores, mask), [1]), 1);
  const means = tf.div(tf.sum(losses, [1, 2]), tf.square(count));
  return tf.mul(means, tf.squeeze(comparable(teacherScores, mask), [1]));
}

/**
 * ARF: the relaxed and the global target, balanced by a learned number.
 *
 *     L = relaxedRecall + globalOrder / (2 alpha^2) + log |alpha|;   dL/dalpha = -globalOrder / alpha^3 + 1 / alpha
 *
 * @param studentLogits - [B, N]. @param teacherScores - [B, N] as for relaxedRecall. Held constant.
 * @returns [B]; may be negative, since log |alpha| may; log |alpha| is left out of lists without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const options = { selected: 2, relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
 * adaptiveRanking(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[4, 1, 2, 3]]), options).arraySync(); // [0.8082]
 *
 * Source: Wang et al. (WWW 2024), arXiv:2310.10462 (ARF); the balance after Kendall et al. (CVPR 2018), eq. 10.
 */
export function adaptiveRanking(
  studentLogits: tf.Tensor,
  teacherScores: tf.Tensor,
  options: AdaptiveRankingOptions,
): tf.Tensor1D {
  const { alpha = 1, mask } = options;
  checkRecall("adaptiveRanking", studentLogits, teacherScores, options);
  if (alpha === 0 || Number.isNaN(alpha))
    throw new ConfigError(`adaptiveRanking: alpha must be a number other than 0, got ${alpha}`);
  return tf.tidy(() => {
    const permutation = softPermutation(studentLogits, options);
    const relaxed = recallOf(permutation, teacherScores, options);
    const balanced = tf.div(orderLoss(permutation, teacherScores, options), tf.mul(tf.square(alpha), 2));
    const penalty = tf.mul(tf.log(tf.abs(alpha)), tf.squeeze(comparable(teacherScores, mask), [1]));
    return tf.add(tf.add(relaxed, balanced), penalty);
  }) as tf.Tensor1D;
}

/**
 * ARF-v2: the k best items inside the first m places, all others outside, each column of P scaled to the sum 1.
 *
 *     c_j = sum_{i <= m} P_ij / sg[ sum_i P_ij ],  d_j = sum_{i > m} P_ij / sg[ sum_i P_ij ]
 *     L = mean_j [ -log(c_j + 1e-6) 1{j among the k best} ] + mean_j [ -log(d_j + 1e-6) 1{j not among them} ]
 *
 * The columns' sums are held constant. @returns [B], >= 0; 0 for a list without a comparable pair, or of at most m items.
 *
 * @param studentLogits - [B, N]. @param teacherScores - [B, N] as for relaxedRecall. Held constant.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const options = { selected: 2, relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
 * stageRecall(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[4, 1, 2, 3]]), options).arraySync(); // [0.5583]
 *
 * Source: Wang et al. (2025), arXiv:2503.09492 (LCRON), L_single, there called ARF-v2.
 */
export function stageRecall(studentLogits: tf.Tensor, teacherScores: tf.Tensor, options: RecallOptions): tf.Tensor1D {
  checkRecall("stageRecall", studentLogits, teacherScores, options);
  const { mask, selected, relevant } = options;
  return tf.tidy(() => {
    const { inside, outside } = stageShares(softPermutation(studentLogits, options), selected);
    const best = topMask(teacherScores, mask, relevant);
    const others = tf.sub(realItems(best, mask), best);
    const losses = tf.add(tf.mul(logCost(inside), best), tf.mul(logCost(outside), others));
    return tf.mul(meanOverReal(losses, mask), longEnough(teacherScores, options));
  }) as tf.Tensor1D;
}

function checkRecall(where: string, student: tf.Tensor, teacher: tf.Tensor, options: RecallOptions): void {
  assertLists(where, options.mask, ["studentLogits", student], ["teacherScores", teacher]);
  assertTopK(`${where}: selected as`, options.selected);
  assertTopK(`${where}: relevant as`, options.relevant);
}

/** [B] 1 where the list has a comparable pair and more items than are selected. */
function longEnough(teacherScores: tf.Tensor, { mask, selected }: RecallOptions): tf.Tensor {
  const more = tf.cast(tf.greater(realCount(teacherScores, mask), selected), "float32");
  return tf.squeeze(tf.mul(comparable(teacherScores, mask), more), [1]);
}
