// B = users of the batch, C >= B columns: item j < B is the positive of user j, the others are more negatives
import * as tf from "@tensorflow/tfjs";
import { assertShape } from "../../nn/shape.ts";
import {
  hardestNegatives,
  type InBatchColumns,
  type InBatchOptions,
  inBatchColumns,
} from "../lists/in-batch-columns.ts";
import { fillPadding, zeroPadding } from "../lists/list-mask.ts";
import { correctLogits, type LogQOptions } from "../lists/log-q.ts";

export interface InBatchSoftmaxOptions extends InBatchOptions, LogQOptions {
  /** Adds the softmax of each item's own user among the users of the batch, half and half. Default false. */
  readonly symmetric?: boolean;
  /** Keeps the negatives with the highest scores, that many a user. Default: all. */
  readonly hardest?: number;
}

/**
 * Softmax cross-entropy of each user's own item among the items of the batch, with the sampling-bias correction.
 *
 *     L_i = -log [ exp(z_ii - log q_i) / sum_j exp(z_ij - log q_j) ];   dL_i/dz_ij = softmax_ij - 1{i = j}
 *
 * @param logits - [B, C]: a cosine needs its scale first. Columns beyond B are negatives that several users share.
 * @returns [B] nats, >= 0 (but for negatives-only, where the positive is not corrected); 0 for masked rows.
 * @throws {ShapeError} fewer columns than rows, or an option that does not fit them.
 * @throws {ConfigError} a correction without log q, or an option out of range.
 *
 * @example
 * const loss = inBatchSoftmax(tf.tensor2d([[8, 3], [2, 7]]));
 * loss.arraySync(); // [0.0067, 0.0067]
 *
 * Source: Yi et al. (RecSys 2019), section 3, eq. 3-5; symmetric: Liu et al. (KDD 2021), Que2Search, section 3.3.
 */
export function inBatchSoftmax(logits: tf.Tensor, options: InBatchSoftmaxOptions = {}): tf.Tensor1D {
  const { logQ, mask, symmetric = false, hardest } = options;
  if (logQ) assertShape("inBatchSoftmax", ["logQ", logQ], [logits.shape[1]!], `[C] = [${logits.shape[1]}]`);
  return tf.tidy(() => {
    const columns = inBatchColumns("inBatchSoftmax", logits, options);
    const corrected = correctLogits("inBatchSoftmax", logits, columns.own, options);
    const negatives =
      hardest === undefined
        ? columns.negatives
        : hardestNegatives("inBatchSoftmax", corrected, columns.negatives, hardest);
    const rows = crossEntropy(corrected, { ...columns, negatives });
    const losses = symmetric ? tf.mul(tf.add(rows, overUsers(logits, columns, mask)), 0.5) : rows;
    return zeroPadding(losses, mask);
  }) as tf.Tensor1D;
}

function crossEntropy(logits: tf.Tensor, { own, negatives }: InBatchColumns): tf.Tensor {
  const open = fillPadding(logits, tf.add(own, negatives));
  return tf.neg(tf.sum(tf.mul(tf.logSoftmax(open as tf.Tensor2D), own), 1));
}

/** The other direction: user i of item i among the users of the batch. */
function overUsers(logits: tf.Tensor, { own, negatives }: InBatchColumns, mask: tf.Tensor | undefined): tf.Tensor {
  const size = logits.shape[0]!;
  const turned = (x: tf.Tensor): tf.Tensor => tf.transpose(tf.slice(x, [0, 0], [size, size]));
  const users = turned(negatives);
  return crossEntropy(turned(logits), {
    own: turned(own),
    negatives: zeroPadding(users, mask && tf.expandDims(mask, 0)),
  });
}
