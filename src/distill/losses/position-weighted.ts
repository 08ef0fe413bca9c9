import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { type PositionWeights, positionWeights } from "../lists/position-weights.ts";
import { softplus } from "../log-space.ts";

export interface PositionWeightedOptions {
  /** Weight of each rank. Default logarithmic. */
  readonly positionWeights?: PositionWeights;
  /** The teacher's first `topK` count as positives, the others not at all. Default: every rank does. */
  readonly topK?: number;
}

/**
 * The teacher's best items as extra positives, weighted by their rank: only the order is needed, no score.
 *
 *     L = w(r) softplus(-s) for r <= K, else 0;   dL/ds = -w(r) sigmoid(-s)
 *
 * @param studentLogits - any shape: rows with a rank each, or lists.
 * @param teacherRanks - same shape, whole numbers, 1 is the teacher's best; held constant.
 * @returns the same shape, nats, >= 0.
 * @throws {ShapeError} the two differ in shape. @throws {ConfigError} topK or positionWeights out of range.
 *
 * @example
 * const options = { positionWeights: { kind: "exponential", decay: 2 } } as const;
 * positionWeighted(tf.tensor1d([0, 1]), tf.tensor1d([1, 2]), options).arraySync(); // [0.4204, 0.1152]
 *
 * Source: Zhang Junlin's survey of distillation in recommenders (2020), point-wise "without logits".
 */
export function positionWeighted<T extends tf.Tensor>(
  studentLogits: T,
  teacherRanks: T,
  options: PositionWeightedOptions = {},
): T {
  const { positionWeights: weights = { kind: "logarithmic" }, topK } = options;
  assertSameShape("positionWeighted", ["studentLogits", studentLogits], ["teacherRanks", teacherRanks]);
  assertTopK("positionWeighted", topK);
  return tf.tidy(() => {
    const ranks = stopGradient(teacherRanks);
    // Ranks of padding may be anything: no weight may come out infinite.
    const whole = tf.maximum(ranks, 1);
    const chosen = topK === undefined ? undefined : tf.cast(tf.lessEqual(ranks, topK), "float32");
    const of = positionWeights("positionWeighted", whole, weights);
    return tf.mul(softplus(tf.neg(studentLogits)), chosen === undefined ? of : tf.mul(of, chosen));
  }) as T;
}

/** @throws {ConfigError} no whole number >= 1. */
export function assertTopK(where: string, topK: number | undefined): void {
  if (topK !== undefined && !(Number.isInteger(topK) && topK >= 1))
    throw new ConfigError(`${where}: topK must be a whole number >= 1, got ${topK}`);
}
