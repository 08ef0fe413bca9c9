// B = users and items of the batch: item j is the positive of user j
import * as tf from "@tensorflow/tfjs";
import { assertShape } from "../../nn/shape.ts";

export interface InBatchSoftmaxOptions {
  /** [B] natural log of each item's sampling probability: subtracted from every logit of its column. */
  readonly logQ?: tf.Tensor1D;
  /** [B, B] 1 where item j is a known positive of user i: left out as a negative. The diagonal is ignored. */
  readonly known?: tf.Tensor2D;
  /** [B] 0 for padded rows: neither positive nor negative. */
  readonly mask?: tf.Tensor1D;
}

/** Finite stand-in for minus infinity: 0 * -Infinity would be NaN. */
const MASKED_LOGIT = -1e9;

/**
 * Softmax cross-entropy of each user's own item among the items of the batch, with the sampling-bias correction.
 *
 *     L_i = -log [ exp(z_ii - log Q_i) / sum_j exp(z_ij - log Q_j) ]
 *
 * Unreduced; 0 for masked rows.
 *
 * @param logits - [B, B] scores of user i with item j.
 * @returns [B] nats, >= 0.
 * @throws {ShapeError} logits are not square, or an option does not fit them.
 *
 * @example
 * const loss = inBatchSoftmax(tf.tensor2d([[8, 3], [2, 7]]));
 * loss.arraySync(); // [0.0067, 0.0067]
 *
 * Source: Yi et al. (RecSys 2019), section 3, eq. 3-5: the correction applies to the positive too.
 */
export function inBatchSoftmax(logits: tf.Tensor2D, { logQ, known, mask }: InBatchSoftmaxOptions = {}): tf.Tensor1D {
  const size = logits.shape[0]!;
  assertShape("inBatchSoftmax", ["logits", logits], [size, size], "square [B, B]");
  if (logQ) assertShape("inBatchSoftmax", ["logQ", logQ], [size], `[B] = [${size}]`);
  if (known) assertShape("inBatchSoftmax", ["known", known], [size, size], `[B, B] = [${size},${size}]`);
  if (mask) assertShape("inBatchSoftmax", ["mask", mask], [size], `[B] = [${size}]`);
  return tf.tidy(() => {
    const corrected = logQ === undefined ? logits : tf.sub(logits, tf.expandDims(logQ, 0));
    const allowed = tf.where(excluded(size, known, mask), tf.fill([size, size], MASKED_LOGIT), corrected);
    const positive = tf.sum(tf.mul(corrected, tf.eye(size)), 1);
    const loss = tf.sub(tf.logSumExp(allowed, 1), positive);
    return (mask === undefined ? loss : tf.mul(loss, mask)) as tf.Tensor1D;
  });
}

/** [B, B] true where a column must not count against a row. */
function excluded(size: number, known: tf.Tensor2D | undefined, mask: tf.Tensor1D | undefined): tf.Tensor {
  const offDiagonal = tf.sub(1, tf.eye(size));
  const knownPart = known === undefined ? tf.zeros([size, size]) : known;
  const paddedPart = mask === undefined ? tf.zeros([1, size]) : tf.expandDims(tf.sub(1, mask), 0);
  return tf.greater(tf.mul(tf.maximum(knownPart, paddedPart), offDiagonal), 0);
}
