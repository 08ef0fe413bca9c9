// S = drawn orders, B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { assertShape } from "../../nn/shape.ts";
import { assertLists, comparable, fillPadding, type ListOptions } from "../lists/list-mask.ts";
import { assertTemperature, type Temperature } from "../temperature.ts";
import { listMle } from "./list-mle.ts";
import { assertTopK } from "./position-weighted.ts";

export interface RankDistilOptions extends ListOptions {
  /** [S, B, N] standard Gumbel noise, `noise.gumbel(...)` of the step: S orders are drawn for each list. */
  readonly gumbel: tf.Tensor;
  /** Only the first `topK` places of each drawn order count. Default: all. */
  readonly topK?: number;
  /** Divides the student's logits alone; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Mean negative log-likelihood, under the student, of orders drawn from the teacher's Plackett-Luce model.
 *
 *     L = mean_S sum_{k <= K} [ log sum_{j >= k} exp(s_j) - s_k ],  order of t + Gumbel noise
 *
 * Gradient: the mean of listMle's over the orders. With K = 1 and many orders it is listNet; with teacher logits far
 * apart it is listMle.
 *
 * @param studentLogits - [B, N].
 * @param teacherLogits - [B, N]; their distances matter, not their order alone. Held constant.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N], or gumbel is not [S, B, N].
 * @throws {ConfigError} an option out of range.
 *
 * @example
 * const [student, teacher] = [tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]])];
 * rankDistil(student, teacher, { gumbel: tf.zeros([1, 1, 4]), topK: 2 }).arraySync(); // [1.4465]
 *
 * Source: Reddi et al. (AISTATS 2021), RankDistil, section 4; Gumbel sampling as in TF-Ranking's CoupledRankDistilLoss.
 */
export function rankDistil(
  studentLogits: tf.Tensor,
  teacherLogits: tf.Tensor,
  { mask, gumbel, topK, temperature = 1 }: RankDistilOptions,
): tf.Tensor1D {
  assertLists("rankDistil", mask, ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  assertShape("rankDistil", ["gumbel", gumbel], [-1, ...studentLogits.shape], `[S, ${studentLogits.shape}]`);
  assertTemperature("rankDistil", temperature);
  assertTopK("rankDistil", topK);
  const [orders, lists, length] = gumbel.shape as [number, number, number];
  return tf.tidy(() => {
    const perturbed = tf.add(tf.expandDims(fillPadding(teacherLogits, mask, 0), 0), gumbel);
    const repeated = (x: tf.Tensor): tf.Tensor =>
      tf.reshape(tf.tile(tf.expandDims(x, 0), [orders, 1, 1]), [orders * lists, length]);
    const losses = listMle(repeated(studentLogits), tf.reshape(perturbed, [orders * lists, length]), {
      mask: mask && repeated(mask),
      temperature,
      ...(topK !== undefined && { topK }),
    });
    const means = tf.mean(tf.reshape(losses, [orders, lists]), 0);
    return tf.mul(means, tf.squeeze(comparable(teacherLogits, mask), [1]));
  }) as tf.Tensor1D;
}
