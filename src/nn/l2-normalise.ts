import * as tf from "@tensorflow/tfjs";

/** Keeps the gradient finite at the zero vector, where x / |x| has none. */
const SMALLEST_SQUARE = 1e-12;

/** x / max(|x|, 1e-6) over the last axis. @returns the shape of x, rows of length 1 (0 for a zero row). */
export function l2Normalise(x: tf.Tensor): tf.Tensor {
  return tf.mul(x, tf.rsqrt(tf.maximum(tf.sum(tf.square(x), -1, true), SMALLEST_SQUARE)));
}
