// B = users of the batch, C >= B columns: item j < B is the positive of user j, the others are more negatives
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertShape } from "../../nn/shape.ts";
import { type InBatchOptions, inBatchColumns, ownScores } from "../lists/in-batch-columns.ts";
import { fillPadding, zeroPadding } from "../lists/list-mask.ts";
import { logOneMinusExp } from "../log-space.ts";

export interface RefinedSoftmaxOptions extends InBatchOptions {
  /** [C] natural log of each column's probability to stand in a batch, < 0. Held constant. */
  readonly logQ: tf.Tensor;
}

/**
 * In-batch softmax with the refined log-Q correction: the positive is given, not sampled, so it is neither corrected nor
 * one of the negatives, and each user is weighted by how little of the probability its positive has.
 *
 *     l_ij = z_ij - log q'_ij,  q'_ij = q_j / (1 - q_i);   S_i = log sum_{j in Neg_i} exp(l_ij)
 *     L_i = -sg[1 - P_i] (z_ii - S_i),  P_i = exp(z_ii) / ( exp(z_ii) + exp(S_i) / |Neg_i| )
 *
 * dL_i/dz_ii = -(1 - P_i), dL_i/dz_ij = (1 - P_i) softmax_{Neg}(l_i)_j.
 *
 * @param logits - [B, C].
 * @returns [B] nats; may be negative, as no positive stands in the sum; 0 for masked rows and rows without a negative.
 * @throws {ShapeError} fewer columns than rows, or an option that does not fit them.
 *
 * @example
 * const logits = tf.tensor2d([[8, 3, 1], [2, 7, 4], [0, 5, 6]]);
 * refinedSoftmax(logits, { logQ: tf.log(tf.tensor1d([0.5, 0.3, 0.2])) }).arraySync(); // [-0.0289, -0.1425, -0.005]
 *
 * Source: Sampled softmax with the positive handled apart, "Correcting the LogQ Correction" (RecSys 2025), arXiv:2507.09331.
 */
export function refinedSoftmax(logits: tf.Tensor, { logQ, ...options }: RefinedSoftmaxOptions): tf.Tensor1D {
  const [rows = 0, columns = 0] = logits.shape;
  assertShape("refinedSoftmax", ["logQ", logQ], [columns], `[C] = [${columns}]`);
  return tf.tidy(() => {
    const parts = inBatchColumns("refinedSoftmax", logits, options);
    const constant = stopGradient(logQ);
    const rest = logOneMinusExp(tf.slice(constant, [0], [rows]));
    const corrected = tf.add(tf.sub(logits, tf.expandDims(constant, 0)), tf.expandDims(rest, 1));
    const sum = tf.logSumExp(fillPadding(corrected, parts.negatives), 1);
    const count = tf.sum(parts.negatives, 1);
    const positive = ownScores(logits, parts);
    // 1 - P = sigmoid(S - log |Neg| - z): no exponential of its own.
    const unsure = tf.sigmoid(tf.sub(tf.sub(sum, tf.log(tf.maximum(count, 1))), positive));
    const losses = tf.mul(stopGradient(unsure), tf.sub(sum, positive));
    const counts = tf.greater(zeroPadding(count, options.mask), 0);
    return tf.where(counts, losses, tf.zerosLike(losses));
  }) as tf.Tensor1D;
}
