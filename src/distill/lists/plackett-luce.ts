// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { closedForm } from "../closed-form.ts";
import { decayingSum, suffixMaximum } from "./scan.ts";

/**
 * Weighted negative log-likelihood of drawing the items of each list in the order in which they stand.
 *
 *     L = sum_k w_k [ log sum_{j >= k} exp(x_j) - x_k ],   dL/dx_j = sum_{k <= j} w_k exp(x_j - l_k) - w_j
 *
 * with l_k the log-sum of place k. Both sums are linear recurrences whose factors lie in [0, 1], so they are exact for
 * logits any distance apart, and no [B, N, N] is made.
 *
 * @param logits - [B, N] in order, padding last with a very low logit.
 * @param weights - [B, N] weight of each place, 0 for padding; held constant.
 * @returns [B] nats, >= 0.
 *
 * Source: Plackett (1975); Luce (1959); the loss is ListMLE, Xia et al. (ICML 2008), section 4.
 */
export function plackettLuce(logits: tf.Tensor, weights: tf.Tensor): tf.Tensor1D {
  return closedForm({
    inputs: [logits],
    constants: [weights],
    forward: ([x], [w]) => {
      const logSums = suffixLogSums(x!);
      const losses = tf.mul(w!, tf.sub(logSums, x!));
      return { value: tf.sum(losses, 1), saved: [x!, w!, logSums] };
    },
    gradients: (dy, [x, w, logSums]) => {
      // sum_{k <= j} w_k exp(l_j - l_k): a place's log-sum never grows along the list.
      const [lists, length] = x!.shape as [number, number];
      const before = tf.concat(
        [tf.slice(logSums!, [0, 0], [lists, 1]), tf.slice(logSums!, [0, 0], [lists, length - 1])],
        1,
      );
      const decay = tf.exp(tf.minimum(tf.sub(logSums!, before), 0));
      const chosen = decayingSum(w!, decay, "from the start");
      const slope = tf.sub(tf.mul(tf.exp(tf.minimum(tf.sub(x!, logSums!), 0)), chosen), w!);
      return [tf.mul(tf.expandDims(dy, 1), slope)];
    },
  }) as tf.Tensor1D;
}

/** [B, N] log sum_{j >= k} exp(x_j). */
function suffixLogSums(x: tf.Tensor): tf.Tensor {
  const [lists, length] = x.shape as [number, number];
  const highest = suffixMaximum(x);
  const after = tf.concat(
    [tf.slice(highest, [0, 1], [lists, length - 1]), tf.slice(highest, [0, length - 1], [lists, 1])],
    1,
  );
  const sums = decayingSum(tf.exp(tf.sub(x, highest)), tf.exp(tf.sub(after, highest)), "from the end");
  return tf.add(highest, tf.log(sums));
}
