// B = lists, N = items a list; P_l = the soft permutation of stage l, row i is place i
import * as tf from "@tensorflow/tfjs";
import { ConfigError, ShapeError } from "../../errors.ts";
import { assertLists, comparable, realCount, realItems } from "../lists/list-mask.ts";
import { topMask } from "../lists/list-order.ts";
import { logCost, meanOverReal, type SortedOptions, softPermutation, stageShares } from "../lists/stage-places.ts";
import { assertTopK } from "./position-weighted.ts";
import { stageRecall } from "./relaxed-recall.ts";

export interface SurvivalOptions extends SortedOptions {
  /** m_l: items that each stage passes on, in the order of the stages; >= 1. */
  readonly selected: readonly number[];
  /** k: the best items, which must get through all stages; >= 1. */
  readonly relevant: number;
}

export interface CascadeRankingOptions extends SurvivalOptions {
  /** a_l: learned balance of each stage's own loss, > 0; parameters. Default 1. */
  readonly balances?: readonly (number | tf.Scalar)[];
}

/**
 * The stages of a cascade as one network: each of the k best items should get through all of them, no other should.
 *
 *     c_lj = sum_{i <= m_l} P_lij / sg[ sum_i P_lij ],  d_lj = sum_{i > m_l} P_lij / sg[ sum_i P_lij ]
 *     L = mean_j [ -log( prod_l c_lj + 1e-6 ) 1{j among the k best} ]
 *       + mean_j [ -log( 1 - prod_l (1 - d_lj) + 1e-6 ) 1{j not among them} ]
 *
 * A stage's gradient is scaled by what the others let through: an item that one stage drops for sure moves no other.
 *
 * @param studentLogits - [B, N] of each stage, of the same items, first stage first.
 * @param teacherScores - [B, N] final relevance, higher is better. Held constant.
 * @returns [B], >= 0; 0 for a list without a comparable pair, or of no more items than every stage passes on.
 * @throws {ShapeError} no stage, or tensors that are not all [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const stages = [tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1, 0, 2, -1]])];
 * const options = { selected: [3, 2], relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
 * cascadeSurvival(stages, tf.tensor2d([[4, 1, 2, 3]]), options).arraySync(); // [1.3655]
 *
 * Source: Wang et al. (ICML 2025), arXiv:2503.09492 (LCRON), section 3.2, L_e2e.
 */
export function cascadeSurvival(
  studentLogits: readonly tf.Tensor[],
  teacherScores: tf.Tensor,
  options: SurvivalOptions,
): tf.Tensor1D {
  checkStages("cascadeSurvival", studentLogits, teacherScores, options);
  const { mask, selected, relevant } = options;
  return tf.tidy(() => {
    const shares = studentLogits.map((logits, l) => stageShares(softPermutation(logits, options), selected[l]!));
    const passed = shares.map(({ inside }) => inside).reduce((all, share) => tf.mul(all, share));
    // 1 - prod (1 - d_l), stage by stage: the difference itself would round small shares away.
    const dropped = shares
      .map(({ outside }) => outside)
      .reduce((all, share) => tf.add(all, tf.mul(tf.sub(1, all), share)));
    const best = topMask(teacherScores, mask, relevant);
    const others = tf.sub(realItems(best, mask), best);
    const losses = tf.add(tf.mul(logCost(passed), best), tf.mul(logCost(dropped), others));
    return tf.mul(meanOverReal(losses, mask), isCut(teacherScores, options));
  }) as tf.Tensor1D;
}

/**
 * LCRON: cascadeSurvival, and each stage's own loss (stageRecall), balanced by learned numbers.
 *
 *     L = L_survival + sum_l [ stageRecall_l / (2 a_l^2) + log a_l ]
 *
 * @param studentLogits - [B, N] of each stage. @param teacherScores - [B, N] as for cascadeSurvival. Held constant.
 * @returns [B]; may be negative, since log a_l may; log a_l is left out of lists without a comparable pair.
 * @throws {ShapeError} no stage, or tensors that are not all [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const stages = [tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1, 0, 2, -1]])];
 * const options = { selected: [3, 2], relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
 * cascadeRanking(stages, tf.tensor2d([[4, 1, 2, 3]]), options).arraySync(); // [2.9801]
 *
 * Source: Wang et al. (ICML 2025), arXiv:2503.09492 (LCRON); the balance after Kendall et al. (CVPR 2018), eq. 10.
 */
export function cascadeRanking(
  studentLogits: readonly tf.Tensor[],
  teacherScores: tf.Tensor,
  { balances, ...options }: CascadeRankingOptions,
): tf.Tensor1D {
  checkStages("cascadeRanking", studentLogits, teacherScores, options);
  const weights = balances ?? studentLogits.map(() => 1);
  const wrong = weights.find((balance) => typeof balance === "number" && !(balance > 0));
  if (weights.length !== studentLogits.length || wrong !== undefined)
    throw new ConfigError(
      `cascadeRanking: balances must be one number > 0 for each of ${studentLogits.length} stages, got ${wrong ?? weights.length}`,
    );
  return tf.tidy(() => {
    const real = tf.squeeze(comparable(teacherScores, options.mask), [1]);
    const stages = studentLogits.map((logits, l) => {
      const own = stageRecall(logits, teacherScores, { ...options, selected: options.selected[l]! });
      const balance = weights[l]!;
      return tf.add(tf.div(own, tf.mul(tf.square(balance), 2)), tf.mul(tf.log(balance), real));
    });
    return stages.reduce((sum, stage) => tf.add(sum, stage), cascadeSurvival(studentLogits, teacherScores, options));
  }) as tf.Tensor1D;
}

function checkStages(
  where: string,
  stages: readonly tf.Tensor[],
  teacherScores: tf.Tensor,
  { mask, selected, relevant }: SurvivalOptions,
): void {
  if (stages.length === 0) throw new ShapeError(`${where}: studentLogits must have at least one stage, got none`);
  const named = stages.map((logits, l) => [`studentLogits[${l}]`, logits] as const);
  assertLists(where, mask, ...named, ["teacherScores", teacherScores]);
  if (selected.length !== stages.length)
    throw new ConfigError(
      `${where}: selected must have one number for each of ${stages.length} stages, got [${selected}]`,
    );
  for (const count of selected) assertTopK(`${where}: selected as`, count);
  assertTopK(`${where}: relevant as`, relevant);
}

/** [B] 1 where the list has a comparable pair and more items than some stage passes on. */
function isCut(teacherScores: tf.Tensor, { mask, selected }: SurvivalOptions): tf.Tensor {
  const more = tf.cast(tf.greater(realCount(teacherScores, mask), Math.min(...selected)), "float32");
  return tf.squeeze(tf.mul(comparable(teacherScores, mask), more), [1]);
}
