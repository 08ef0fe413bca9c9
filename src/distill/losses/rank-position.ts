// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertLists, comparable, fillPadding, type ListOptions, zeroPadding } from "../lists/list-mask.ts";
import { type PositionWeights, positionWeights as weightsOf } from "../lists/position-weights.ts";
import { assertTemperature, soften, type Temperature } from "../temperature.ts";

export interface RankPositionOptions extends ListOptions {
  /** Ranks beyond it count as it, and hold most of the target in lists longer than its square or so; >= 2. Default 512. */
  readonly maxPosition?: number;
  /** The target's shape in place of the logarithm; not together with maxPosition. */
  readonly positionWeights?: PositionWeights;
  /** Divides the student's logits alone; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Cross-entropy of a target made from the teacher's ranks alone under the student's distribution over each list.
 *
 *     y_i ~ log(1 + P) - log(min(r_i, P)), or w(r_i),  sum y = 1
 *     L = -sum_i y_i log softmax(s/T)_i;   dL/ds = (q - y) / T
 *
 * @param studentLogits - [B, N].
 * @param teacherRanks - [B, N] whole numbers, 1 is the teacher's best; held constant.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N].
 * @throws {ConfigError} temperature is not positive, maxPosition < 2, or both targets are given.
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
  { mask, temperature = 1, ...target }: RankPositionOptions = {},
): tf.Tensor1D {
  assertLists("rankPosition", mask, ["studentLogits", studentLogits], ["teacherRanks", teacherRanks]);
  assertTemperature("rankPosition", temperature);
  assertTarget(target);
  return tf.tidy(() => {
    const ranks = stopGradient(teacherRanks);
    const shares = rankTarget(ranks, mask, target);
    const logQ = tf.logSoftmax(fillPadding(soften(studentLogits, temperature), mask) as tf.Tensor2D);
    const losses = tf.neg(tf.sum(tf.mul(shares, logQ), 1));
    return tf.mul(losses, tf.squeeze(comparable(ranks, mask), [1]));
  }) as tf.Tensor1D;
}

/** What a target is made of. */
export type RankTargetOptions = Pick<RankPositionOptions, "maxPosition" | "positionWeights">;

/**
 * The distribution over each list that falls with the logarithm of the rank, or as the position weights say.
 *
 * @param ranks - [B, N] whole numbers >= 1.
 * @returns [B, N], sums 1 over the real items; 0 for a list without any, or whose weights are all 0.
 */
export function rankTarget(
  ranks: tf.Tensor,
  mask: tf.Tensor | undefined,
  { maxPosition = 512, positionWeights }: RankTargetOptions = {},
): tf.Tensor {
  const position = fillPadding(ranks, mask, maxPosition);
  const height =
    positionWeights === undefined
      ? tf.sub(Math.log(1 + maxPosition), tf.log(tf.clipByValue(position, 1, maxPosition)))
      : weightsOf("rankPosition", position, positionWeights);
  const real = zeroPadding(height, mask);
  const total = tf.sum(real, 1, true);
  return tf.div(real, tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
}

function assertTarget({ maxPosition, positionWeights }: RankTargetOptions): void {
  if (maxPosition === undefined) return;
  if (!(maxPosition >= 2)) throw new ConfigError(`rankPosition: maxPosition must be >= 2, got ${maxPosition}`);
  if (positionWeights !== undefined)
    throw new ConfigError("rankPosition: maxPosition and positionWeights are two targets, got both; give one");
}
