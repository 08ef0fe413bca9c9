import * as tf from "@tensorflow/tfjs";
import { assertSameShape } from "../nn/shape.ts";

/** Keeps 0 / 0 finite: a batch whose weights are all 0 has loss 0. */
const SMALLEST_TOTAL = 1e-12;

/**
 * sum(w L) / sum(w): the mean over what is real, so that padding changes nothing.
 *
 * @param losses - [B] or [B, N].
 * @param weights - same shape, >= 0; 0 leaves an entry out.
 * @throws {ShapeError} the two differ in shape.
 */
export function weightedMean(losses: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  assertSameShape("weightedMean", ["losses", losses], ["weights", weights]);
  return tf.div(tf.sum(tf.mul(losses, weights)), tf.maximum(tf.sum(weights), SMALLEST_TOTAL)) as tf.Scalar;
}

/**
 * sum(w L): for losses whose mean would fade as fewer entries stay active.
 *
 * @param losses - [B] or [B, N]. @param weights - same shape, >= 0.
 * @throws {ShapeError} the two differ in shape.
 */
export function weightedSum(losses: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  assertSameShape("weightedSum", ["losses", losses], ["weights", weights]);
  return tf.sum(tf.mul(losses, weights)) as tf.Scalar;
}
