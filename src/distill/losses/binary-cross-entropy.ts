import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertSameShape } from "../../nn/shape.ts";

/**
 * Cross-entropy of a Bernoulli label (hard, or a probability) under a logit.
 *
 *     L = softplus(z) - y z,   dL/dz = sigmoid(z) - y
 *
 * Finite for every finite logit. Unreduced.
 *
 * @param logits - any shape, unnormalised; gradients flow into these.
 * @param labels - same shape, in [0, 1]; held constant.
 * @returns the same shape, nats, >= 0 for labels in [0, 1].
 * @throws {ShapeError} the two differ in shape.
 *
 * @example
 * const loss = binaryCrossEntropy(tf.tensor1d([0, 2]), tf.tensor1d([1, 0]));
 * loss.arraySync(); // [0.6931, 2.1269]
 *
 * Source: the negative log-likelihood of logistic regression; in the stable form max(z, 0) - y z + log(1 + e^-|z|).
 */
export function binaryCrossEntropy<T extends tf.Tensor>(logits: T, labels: T): T {
  assertSameShape("binaryCrossEntropy", ["logits", logits], ["labels", labels]);
  return tf.tidy(() => tf.sub(tf.softplus(logits), tf.mul(logits, stopGradient(labels)))) as T;
}
