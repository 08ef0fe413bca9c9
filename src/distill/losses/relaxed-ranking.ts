// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { assertLists, fillPadding, type ListOptions, zeroPadding } from "../lists/list-mask.ts";
import { topMask } from "../lists/list-order.ts";
import type { Temperature } from "../temperature.ts";
import { listMle } from "./list-mle.ts";
import { assertTopK } from "./position-weighted.ts";

export interface RelaxedRankingOptions extends ListOptions {
  /** The teacher's first `interesting` items of a list are ordered; >= 1. */
  readonly interesting: number;
  /** [B, N] 1 for the items that stand below them, without an order among themselves. Default: all others. */
  readonly uninteresting?: tf.Tensor;
  /** Divides the student's logits; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Relaxed ranking distillation: the order of the interesting items, and that they stand above the uninteresting ones.
 *
 *     L = -sum_{k <= K} [ s_k - log( sum_{i=k..K} exp(s_i) + sum_{j in U} exp(s_j) ) ]
 *
 * Gradient as for listMle with topK = K, which it equals where U is all the other items. Items that are neither
 * interesting nor uninteresting are left out.
 *
 * @param studentLogits - [B, N].
 * @param teacherScores - [B, N] any scores, higher is better; for ranks pass their negatives. Held constant.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const loss = relaxedRanking(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]), { interesting: 2 });
 * loss.arraySync(); // [1.4465]
 *
 * Source: Kang et al. (CIKM 2020), arXiv:2012.04357, section 3.3, eq. 6-7, with a log-sum that cannot overflow.
 */
export function relaxedRanking(
  studentLogits: tf.Tensor,
  teacherScores: tf.Tensor,
  { mask, interesting, uninteresting, temperature = 1 }: RelaxedRankingOptions,
): tf.Tensor1D {
  assertTopK("relaxedRanking: interesting as", interesting);
  assertLists("relaxedRanking", mask, ["studentLogits", studentLogits], ["teacherScores", teacherScores]);
  if (uninteresting)
    assertSameShape("relaxedRanking", ["studentLogits", studentLogits], ["uninteresting", uninteresting]);
  return tf.tidy(() => {
    const real = uninteresting === undefined ? mask : keptItems(teacherScores, mask, interesting, uninteresting);
    return listMle(studentLogits, teacherScores, { mask: real, topK: interesting, temperature });
  });
}

function keptItems(
  teacherScores: tf.Tensor,
  mask: tf.Tensor | undefined,
  interesting: number,
  uninteresting: tf.Tensor,
): tf.Tensor {
  const kept = tf.maximum(topMask(teacherScores, mask, interesting), fillPadding(stopGradient(uninteresting), mask, 0));
  return zeroPadding(kept, mask);
}
