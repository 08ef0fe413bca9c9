// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertShape } from "../../nn/shape.ts";
import { assertLists, fillPadding, type ListOptions } from "../lists/list-mask.ts";
import { type PositionWeights, positionWeights } from "../lists/position-weights.ts";
import { softplus } from "../log-space.ts";
import { assertTopK } from "./position-weighted.ts";

export interface RankingDistillationOptions extends ListOptions {
  /** The teacher's first `topK` items are positives. Default 10. */
  readonly topK?: number;
  /** Importance of each rank, scaled to the sum 1 over the positives of a list. Default exponential with decay 1. */
  readonly positionWeights?: PositionWeights;
  /** Weighs each positive by how far below the teacher's rank the student puts it; without it positions alone count. */
  readonly discrepancy?: {
    /** [B, N] the student's rank of each item among all items, from `estimateRanks`; held constant. */
    readonly studentRanks: tf.Tensor;
    /** Steepness mu > 0. Default 0.1. */
    readonly steepness?: number;
  };
}

/**
 * The teacher's top items as positives, weighted by position and by how much the student underrates them.
 *
 *     L = sum_{r <= K} w_r softplus(-s_r),  w_r = a_r max(tanh(mu (rank_r - r)), 0),  a_r ~ exp(-r / decay), sum a = 1
 *
 * dL/ds_r = -w_r sigmoid(-s_r). The weights are constants. A rank that the student already reaches weighs 0.
 *
 * @param studentLogits - [B, N].
 * @param teacherRanks - [B, N] whole numbers, 1 is the teacher's best, each once a list; held constant.
 * @returns [B] nats, >= 0; 0 for a list without real items.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const loss = rankingDistillation(tf.tensor2d([[2, 0, -1]]), tf.tensor2d([[1, 2, 3]]));
 * loss.arraySync(); // [0.3723]
 *
 * Source: Tang and Wang (KDD 2018), arXiv:1809.07428, section 3, eq. 4-8; defaults of the authors' code.
 */
export function rankingDistillation(
  studentLogits: tf.Tensor,
  teacherRanks: tf.Tensor,
  options: RankingDistillationOptions = {},
): tf.Tensor1D {
  const { mask, topK = 10, positionWeights: spec = { kind: "exponential", decay: 1 }, discrepancy } = options;
  const named = discrepancy === undefined ? [] : [["studentRanks", discrepancy.studentRanks] as const];
  assertLists("rankingDistillation", mask, ["studentLogits", studentLogits], ["teacherRanks", teacherRanks], ...named);
  assertTopK("rankingDistillation", topK);
  return tf.tidy(() => {
    const ranks = fillPadding(stopGradient(teacherRanks), mask, topK + 1);
    const positive = tf.cast(tf.lessEqual(ranks, topK), "float32");
    const importance = tf.mul(positionWeights("rankingDistillation", ranks, spec), positive);
    const total = tf.sum(importance, 1, true);
    const share = tf.div(importance, tf.where(tf.greater(total, 0), total, tf.onesLike(total)));
    const weights = discrepancy === undefined ? share : tf.mul(share, underrated(ranks, mask, discrepancy));
    return tf.sum(tf.mul(weights, softplus(tf.neg(fillPadding(studentLogits, mask, 0)))), 1);
  }) as tf.Tensor1D;
}

function underrated(
  ranks: tf.Tensor,
  mask: tf.Tensor | undefined,
  { studentRanks, steepness = 0.1 }: NonNullable<RankingDistillationOptions["discrepancy"]>,
): tf.Tensor {
  if (!(steepness > 0))
    throw new ConfigError(`rankingDistillation: discrepancy.steepness must be > 0, got ${steepness}`);
  return tf.relu(tf.tanh(tf.mul(tf.sub(fillPadding(stopGradient(studentRanks), mask, 0), ranks), steepness)));
}

/**
 * The student's rank of each item among all items, estimated from a sample of them. Held constant.
 *
 *     rank = floor((numItems - 1) #{ sampled j: s_j > s } / M)
 *
 * @param studentLogits - [B, N] of the items to be ranked.
 * @param sampledLogits - [B, M] of items drawn uniformly for each list.
 * @param numItems - items in the catalogue, >= 1.
 * @returns [B, N] whole numbers >= 0: 0 where no sampled item is better.
 * @throws {ShapeError} the two are not lists of one batch. @throws {ConfigError} numItems < 1.
 *
 * Source: Tang and Wang (KDD 2018), section 3.3; Weston et al. (IJCAI 2011) for the estimate.
 */
export function estimateRanks(studentLogits: tf.Tensor, sampledLogits: tf.Tensor, numItems: number): tf.Tensor2D {
  assertShape("estimateRanks", ["studentLogits", studentLogits], [-1, -1], "[B, N]");
  assertShape("estimateRanks", ["sampledLogits", sampledLogits], [studentLogits.shape[0]!, -1], "[B, M] of one batch");
  if (!(numItems >= 1)) throw new ConfigError(`estimateRanks: numItems must be >= 1, got ${numItems}`);
  return tf.tidy(() => {
    const [student, sampled] = [stopGradient(studentLogits), stopGradient(sampledLogits)];
    const better = tf.cast(tf.greater(tf.expandDims(sampled, 1), tf.expandDims(student, 2)), "float32");
    // The product first: whole numbers stay exact where a mean would be rounded before the floor.
    return tf.floor(tf.div(tf.mul(tf.sum(better, 2), numItems - 1), sampledLogits.shape[1]!));
  }) as tf.Tensor2D;
}
