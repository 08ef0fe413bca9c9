// B = users of the batch, C >= B columns: item j < B is the positive of user j, the others are more negatives
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../errors.ts";
import { hardestNegatives, type InBatchOptions, inBatchColumns, ownScores } from "../lists/in-batch-columns.ts";
import { zeroPadding } from "../lists/list-mask.ts";
import { softplus } from "../log-space.ts";

export interface InBatchPairsOptions extends InBatchOptions {
  /** Keeps the negatives with the highest scores, that many a user; >= 1. Default 1. */
  readonly hardest?: number;
}

export interface InBatchHingeOptions extends InBatchPairsOptions {
  /** Gap that the positive must have; >= 0. Default 0.1. */
  readonly margin?: number;
}

export interface InBatchLogisticOptions extends InBatchPairsOptions {
  /** Multiplies the gap; > 0. Default 1. */
  readonly sharpness?: number;
}

/**
 * Hinge of each user's own item against the hardest items of the batch: L_i = sum_j max(0, m - (c_ii - c_ij)).
 *
 * dL_i/dc_ii = -1 and dL_i/dc_ij = 1 for each pair short of the margin. Summed over a user's pairs; sum it over users too
 * where few of them stay short, since a mean would fade with them.
 *
 * @param scores - [B, C], cosines as a rule.
 * @returns [B], >= 0; 0 for masked rows and rows without a negative.
 * @throws {ShapeError} fewer columns than rows, or an option that does not fit them. @throws {ConfigError} an option out of range.
 *
 * @example
 * inBatchHinge(tf.tensor2d([[0.8, 0.3], [0.6, 0.7]]), { margin: 0.3 }).arraySync(); // [0, 0.2]
 *
 * Source: Liu et al. (KDD 2021), Que2Search, section 3.3, second stage; Huang et al. (KDD 2020), arXiv:2006.11632, section 6.1.
 */
export function inBatchHinge(scores: tf.Tensor, options: InBatchHingeOptions = {}): tf.Tensor1D {
  const { margin = 0.1 } = options;
  if (!(margin >= 0)) throw new ConfigError(`inBatchHinge: margin must be >= 0, got ${margin}`);
  return overHardest("inBatchHinge", scores, options, (gap) => tf.relu(tf.sub(margin, gap)));
}

/**
 * Logistic loss of each user's own item against the hardest items of the batch: L_i = sum_j softplus(-a (c_ii - c_ij)).
 *
 * dL_i/dc_ij = a sigmoid(-a gap), the negative of their sum for c_ii. With sharpness 1 it is BPR.
 *
 * @param scores - [B, C].
 * @returns [B] nats, >= 0; 0 for masked rows and rows without a negative.
 * @throws {ShapeError} fewer columns than rows, or an option that does not fit them. @throws {ConfigError} an option out of range.
 *
 * @example
 * inBatchLogistic(tf.tensor2d([[0.8, 0.3], [0.6, 0.7]]), { sharpness: 10 }).arraySync(); // [0.0067, 0.3133]
 *
 * Source: Liu et al. (KDD 2021), Que2Search, section 3.3, who tried BPR for the second stage.
 */
export function inBatchLogistic(scores: tf.Tensor, options: InBatchLogisticOptions = {}): tf.Tensor1D {
  const { sharpness = 1 } = options;
  if (!(sharpness > 0)) throw new ConfigError(`inBatchLogistic: sharpness must be > 0, got ${sharpness}`);
  return overHardest("inBatchLogistic", scores, options, (gap) => softplus(tf.mul(gap, -sharpness)));
}

function overHardest(
  where: string,
  scores: tf.Tensor,
  options: InBatchPairsOptions,
  pairLosses: (gap: tf.Tensor) => tf.Tensor,
): tf.Tensor1D {
  const { hardest = 1, mask } = options;
  return tf.tidy(() => {
    const columns = inBatchColumns(where, scores, options);
    const kept = hardestNegatives(where, scores, columns.negatives, hardest);
    const gap = tf.sub(tf.expandDims(ownScores(scores, columns), 1), scores);
    const losses = tf.sum(tf.mul(pairLosses(gap), kept), 1);
    return zeroPadding(losses, mask);
  }) as tf.Tensor1D;
}
