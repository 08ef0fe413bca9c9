// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertLists, comparable, fillPadding, type ListOptions, zeroPadding } from "../lists/list-mask.ts";
import { assertTemperature, soften, type Temperature } from "../temperature.ts";

export interface RankPositionOptions extends ListOptions {
  /** Ranks beyond it count as it; >= 2. Default 512. */
  readonly maxPosition?: number;
  /** Divides the student's logits alone; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Cross-entropy of a target made from the teacher's ranks alone under the student's distribution over each list.
 *
 *     y_i ~ log(1 + P) - log(min(r_i, P)),  sum y = 1;   L = -sum_i y_i log softmax(s/T)_i;   dL/ds = (q - y) / T
 *
 * @param studentLogits - [B, N].
 * @param teacherRanks - [B, N] whole numbers, 1 is the teacher's best; held constant.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N].
 * @throws {ConfigError} temperature is not positive, or maxPosition < 2.
 *
 * @example
 * const loss = rankPosition(tf.tensor2d([[0, 0, 0, 0]]), tf.tensor2d([[1, 2, 3, 4]]));
 * loss.arraySync(); // [1.3863]
 *
 * Source: `listwise_distill_loss` of EasyRec (easy_rec/python/loss/listwise_loss.py), which has no temperature squared.
 */
export function rankPosition(
  studentLogits: tf.Tensor,
  teacherRanks: tf.Tensor,
  { mask, maxPosition = 512, temperature = 1 }: RankPositionOptions = {},
): tf.Tensor1D {
  assertLists("rankPosition", mask, ["studentLogits", studentLogits], ["teacherRanks", teacherRanks]);
  assertTemperature("rankPosition", temperature);
  if (!(maxPosition >= 2)) throw new ConfigError(`rankPosition: maxPosition must be >= 2, got ${maxPosition}`);
  return tf.tidy(() => {
    const ranks = stopGradient(teacherRanks);
    const target = rankTarget(ranks, mask, maxPosition);
    const logQ = tf.logSoftmax(fillPadding(soften(studentLogits, temperature), mask) as tf.Tensor2D);
    const losses = tf.neg(tf.sum(tf.mul(target, logQ), 1));
    return tf.mul(losses, tf.squeeze(comparable(ranks, mask), [1]));
  }) as tf.Tensor1D;
}

/**
 * The distribution over each list that falls with the logarithm of the rank.
 *
 * @param ranks - [B, N] whole numbers >= 1. @returns [B, N], sums 1 over the real items; 0 for a list without any.
 */
export function rankTarget(ranks: tf.Tensor, mask: tf.Tensor | undefined, maxPosition = 512): tf.Tensor {
  const position = tf.clipByValue(fillPadding(ranks, mask, maxPosition), 1, maxPosition);
  const height = tf.sub(Math.log(1 + maxPosition), tf.log(position));
  const real = zeroPadding(height, mask);
  const total = tf.sum(real, 1, true);
  return tf.div(real, tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
}
