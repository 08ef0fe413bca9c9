import * as tf from "@tensorflow/tfjs";
import { assertSameShape } from "../../nn/shape.ts";
import { closedForm } from "../closed-form.ts";
import { softplus } from "../log-space.ts";

export interface BinaryCrossEntropyOptions {
  /** Holds the labels constant. Default true. */
  readonly stopLabelGradient?: boolean;
}

/**
 * Cross-entropy of a Bernoulli label (hard, or a probability) under a logit.
 *
 *     L = softplus(z) - y z,   dL/dz = sigmoid(z) - y
 *
 * Finite for every finite logit.
 *
 * @param logits - any shape, unnormalised; gradients flow into these.
 * @param labels - same shape, in [0, 1]; held constant unless `stopLabelGradient` is false (dL/dy = -z).
 * @returns the same shape, nats, >= 0 for labels in [0, 1].
 * @throws {ShapeError} the two differ in shape.
 *
 * @example
 * const loss = binaryCrossEntropy(tf.tensor1d([0, 2]), tf.tensor1d([1, 0]));
 * loss.arraySync(); // [0.6931, 2.1269]
 *
 * Source: the negative log-likelihood of logistic regression; in the stable form max(z, 0) - y z + log(1 + e^-|z|).
 */
export function binaryCrossEntropy<T extends tf.Tensor>(
  logits: T,
  labels: T,
  { stopLabelGradient = true }: BinaryCrossEntropyOptions = {},
): T {
  assertSameShape("binaryCrossEntropy", ["logits", logits], ["labels", labels]);
  return tf.tidy(() =>
    stopLabelGradient
      ? closedForm({
          inputs: [logits],
          constants: [labels],
          forward: ([z], [y]) => ({ value: crossEntropy(z!, y!), saved: [z!, y!] }),
          gradients: (dy, [z, y]) => [tf.mul(dy, tf.sub(tf.sigmoid(z!), y!))],
        })
      : crossEntropy(logits, labels),
  ) as T;
}

function crossEntropy(z: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return tf.sub(softplus(z), tf.mul(y, z));
}
