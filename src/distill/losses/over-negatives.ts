// B = rows, N = 1 + negatives: the positive first, then its sampled negatives
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../errors.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { closedForm } from "../closed-form.ts";
import { hardestNegatives } from "../lists/in-batch-columns.ts";
import { assertLists, fillPadding, type ListOptions } from "../lists/list-mask.ts";
import { correctLogits, type LogQOptions } from "../lists/log-q.ts";
import { softplus } from "../log-space.ts";
import { negativePairs } from "./margin-mse.ts";

export interface OverNegativesOptions extends ListOptions {
  /** Keeps the negatives with the highest scores, that many a row; >= 1. Default: all. */
  readonly hardest?: number;
  /** Mean or sum over a row's negatives. Default mean. */
  readonly reduction?: "mean" | "sum";
}

export interface HingeOverNegativesOptions extends OverNegativesOptions {
  /** Gap that the positive must have; >= 0. Default 0.1. */
  readonly margin?: number;
}

export interface LogisticOverNegativesOptions extends OverNegativesOptions {
  /** Multiplies the gap; > 0. Default 1, which is BPR. */
  readonly sharpness?: number;
}

/**
 * Hinge of a positive (item 0) against its sampled negatives: L = mean_j max(0, m - (c_0 - c_j)).
 *
 * dL/dc_j = 1 / n and dL/dc_0 = -1 / n for each pair short of the margin.
 *
 * @param scores - [B, N], cosines as a rule.
 * @returns [B], >= 0; 0 for a row whose positive, or all of whose negatives, are padding.
 * @throws {ShapeError} scores or mask are no [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * hingeOverNegatives(tf.tensor2d([[0.5, 0.45]]), { margin: 0.1 }).arraySync(); // [0.05]
 *
 * Source: Huang et al. (KDD 2020), arXiv:2006.11632, section 2.2, eq. 1, on cosines.
 */
export function hingeOverNegatives(scores: tf.Tensor, options: HingeOverNegativesOptions = {}): tf.Tensor1D {
  const { margin = 0.1 } = options;
  if (!(margin >= 0)) throw new ConfigError(`hingeOverNegatives: margin must be >= 0, got ${margin}`);
  return overPairs("hingeOverNegatives", scores, options, (gap) => tf.relu(tf.sub(margin, gap)));
}

/**
 * Logistic loss of a positive (item 0) against its sampled negatives: L = mean_j softplus(-a (c_0 - c_j)).
 *
 * dL/dc_j = a sigmoid(-a gap_j) / n, the negative of their sum for c_0. With a going to infinity, L / a is the hinge
 * without margin.
 *
 * @param scores - [B, N].
 * @returns [B] nats, >= 0; 0 for a row whose positive, or all of whose negatives, are padding.
 * @throws {ShapeError} scores or mask are no [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * logisticOverNegatives(tf.tensor2d([[0.5, 0.45]]), { sharpness: 10 }).arraySync(); // [0.4741]
 *
 * Source: Rendle et al. (UAI 2009), section 4.1, for sharpness 1.
 */
export function logisticOverNegatives(scores: tf.Tensor, options: LogisticOverNegativesOptions = {}): tf.Tensor1D {
  const { sharpness = 1 } = options;
  if (!(sharpness > 0)) throw new ConfigError(`logisticOverNegatives: sharpness must be > 0, got ${sharpness}`);
  return overPairs("logisticOverNegatives", scores, options, (gap) => softplus(tf.mul(gap, -sharpness)));
}

function overPairs(
  where: string,
  scores: tf.Tensor,
  { mask, hardest, reduction = "mean" }: OverNegativesOptions,
  pairLosses: (gap: tf.Tensor) => tf.Tensor,
): tf.Tensor1D {
  assertLists(where, mask, ["scores", scores]);
  return tf.tidy(() => {
    const filled = fillPadding(scores, mask, 0);
    const all = negativePairs(scores, mask);
    const pairs = hardest === undefined ? all : hardestNegatives(where, filled, all, hardest);
    const positive = tf.slice(filled, [0, 0], [scores.shape[0]!, 1]);
    const total = tf.sum(tf.mul(pairLosses(tf.sub(positive, filled)), pairs), 1);
    return reduction === "sum" ? total : tf.div(total, tf.maximum(tf.sum(pairs, 1), 1));
  }) as tf.Tensor1D;
}

/**
 * Softmax cross-entropy of a positive (item 0) among its sampled negatives, with the sampling-bias correction.
 *
 *     L = -log [ exp(z_0 - log q_0) / sum_j exp(z_j - log q_j) ];   dL/dz_j = softmax_j - 1{j = 0}
 *
 * @param logits - [B, N]: a cosine needs its scale first.
 * @param options - logQ is [B, N]: each candidate's log probability to be drawn.
 * @returns [B] nats; 0 for a row whose positive, or all of whose negatives, are padding.
 * @throws {ShapeError} logits, mask or logQ are no [B, N] of one shape. @throws {ConfigError} a correction without log q.
 *
 * @example
 * softmaxOverNegatives(tf.tensor2d([[2, 0, 0]])).arraySync(); // [0.2395]
 *
 * Source: Bengio and Senécal (2008), sampled softmax; Covington et al. (RecSys 2016), section 3.1.
 */
export function softmaxOverNegatives(logits: tf.Tensor, options: ListOptions & LogQOptions = {}): tf.Tensor1D {
  const { mask, logQ } = options;
  assertLists("softmaxOverNegatives", mask, ["logits", logits]);
  if (logQ) assertSameShape("softmaxOverNegatives", ["logits", logits], ["logQ", logQ]);
  return tf.tidy(() => {
    const corrected = correctLogits("softmaxOverNegatives", logits, isFirst(logits.shape[1]!), options);
    const losses = firstCrossEntropy(fillPadding(corrected, mask));
    if (mask === undefined) return logits.shape[1]! > 1 ? losses : tf.zerosLike(losses);
    const counts = tf.cast(tf.greater(tf.sum(negativePairs(logits, mask), 1), 0), "float32");
    return tf.mul(losses, counts);
  }) as tf.Tensor1D;
}

/** [B] -log softmax of the lists' first items. */
function firstCrossEntropy(logits: tf.Tensor): tf.Tensor {
  const [lists, length] = logits.shape as [number, number];
  return closedForm({
    inputs: [logits],
    forward: ([z]) => {
      const logShares = tf.logSoftmax(z! as tf.Tensor2D);
      const value = tf.neg(tf.reshape(tf.slice(logShares, [0, 0], [lists, 1]), [lists]));
      return { value, saved: [logShares] };
    },
    gradients: (dy, [logShares]) => {
      return [tf.mul(tf.expandDims(dy, 1), tf.sub(tf.exp(logShares!), isFirst(length)))];
    },
  });
}

/** [1, N] 1, 0, 0, ... */
function isFirst(length: number): tf.Tensor {
  return tf.expandDims(tf.sub(1, tf.clipByValue(tf.range(0, length, 1, "float32"), 0, 1)), 0);
}
