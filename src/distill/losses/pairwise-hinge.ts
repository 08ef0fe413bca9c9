// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../errors.ts";
import { type PairOptions, pairLoss } from "../lists/pair-loss.ts";

export interface PairwiseHingeOptions extends PairOptions {
  /** Gap that a pair must have, >= 0; or the teacher's own gap t_i - t_j. Default 1. */
  readonly margin?: number | "teacher-gap";
}

/**
 * Hinge over the pairs that the teacher orders: L = mean over t_i > t_j of max(0, m - (s_i - s_j)).
 *
 * dL/ds_i = -1/pairs for each pair short of its margin, dL/ds_j = +1/pairs.
 *
 * @param studentLogits - [B, N].
 * @param teacherScores - [B, N] any scores, higher is better; for ranks pass their negatives. Held constant, unless
 *   `stopTeacherGradient` is false and the margin is the teacher's gap.
 * @returns [B], >= 0; 0 for a list without a chosen pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N], or N > 256. @throws {ConfigError} an option out of range.
 *
 * @example
 * const loss = pairwiseHinge(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]));
 * loss.arraySync(); // [0.6667]
 *
 * Source: Joachims (KDD 2002), section 4; the teacher's gap as margin: EasyRec's `use_label_margin`.
 */
export function pairwiseHinge(
  studentLogits: tf.Tensor,
  teacherScores: tf.Tensor,
  options: PairwiseHingeOptions = {},
): tf.Tensor1D {
  const { margin = 1 } = options;
  if (margin !== "teacher-gap" && !(margin >= 0))
    throw new ConfigError(`pairwiseHinge: margin must be >= 0 or "teacher-gap", got ${margin}`);
  const short = (gap: tf.Tensor, least: tf.Tensor | number): tf.Tensor => tf.cast(tf.less(gap, least), "float32");
  if (margin === "teacher-gap") {
    const formula = {
      value: (gap: tf.Tensor, teacherGap: tf.Tensor | undefined) => tf.relu(tf.sub(teacherGap!, gap)),
      slope: (gap: tf.Tensor, teacherGap: tf.Tensor | undefined) => tf.neg(short(gap, teacherGap!)),
      teacherSlope: (gap: tf.Tensor, teacherGap: tf.Tensor) => short(gap, teacherGap),
    };
    return pairLoss("pairwiseHinge", studentLogits, teacherScores, formula, options);
  }
  const formula = {
    value: (gap: tf.Tensor) => tf.relu(tf.sub(margin, gap)),
    slope: (gap: tf.Tensor) => tf.neg(short(gap, margin)),
  };
  return pairLoss("pairwiseHinge", studentLogits, teacherScores, formula, options);
}
