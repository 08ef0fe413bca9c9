import * as tf from "@tensorflow/tfjs";

/** `x` as a constant: same values, and no gradient flows back through it (tfjs itself has no such op). */
export function stopGradient<T extends tf.Tensor>(x: T): T {
  return tf.customGrad(() => ({ value: tf.clone(x), gradFunc: () => [] }))() as T;
}
