// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../errors.ts";
import { type PairFormula, type PairOptions, pairLoss } from "../lists/pair-loss.ts";
import { softplus } from "../log-space.ts";

export interface PairwiseLogisticOptions extends PairOptions {
  /**
   * What the teacher says about a pair. `order`: that i stands above j (RankNet, BPR). `weighted`: the same, weighted by
   * sigmoid(t_i - t_j). `probability`: that i beats j with probability sigmoid(t_i - t_j). Default order.
   */
  readonly target?: "order" | "weighted" | "probability";
  /** Gap from which a pair is at ease: the student's gap is lessened by it. Default 0; 0 for `probability`. */
  readonly margin?: number;
  /** Sharpness: multiplies the student's gap; > 0. Default 1. */
  readonly sharpness?: number;
}

/**
 * Logistic loss over the pairs that the teacher orders (RankNet; BPR where the pairs are sampled).
 *
 *     order:        L = mean over t_i > t_j of softplus(-z),  z = sharpness (s_i - s_j - margin)
 *     weighted:     mean of sigmoid(t_i - t_j) softplus(-z)
 *     probability:  mean of softplus(z) - sigmoid(t_i - t_j) z
 *
 * dL/ds_i = sharpness (sigmoid(z) - target) / pairs for each pair above another, the negative for the one below; order
 * has target 1.
 *
 * @param studentLogits - [B, N].
 * @param teacherScores - [B, N] any scores, higher is better; for ranks pass their negatives. Held constant unless
 *   `stopTeacherGradient` is false and the target is not the order.
 * @returns [B] nats, >= 0; 0 for a list without a chosen pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N], or N > 256. @throws {ConfigError} an option out of range.
 *
 * @example
 * const loss = pairwiseLogistic(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]));
 * loss.arraySync(); // [0.5609]
 *
 * Source: Burges et al. (ICML 2005), section 3, eq. 2-3; Rendle et al. (UAI 2009), section 4.1, for BPR.
 */
export function pairwiseLogistic(
  studentLogits: tf.Tensor,
  teacherScores: tf.Tensor,
  options: PairwiseLogisticOptions = {},
): tf.Tensor1D {
  const { target = "order", margin = 0, sharpness = 1 } = options;
  if (!(sharpness > 0)) throw new ConfigError(`pairwiseLogistic: sharpness must be > 0, got ${sharpness}`);
  if (!(margin >= 0)) throw new ConfigError(`pairwiseLogistic: margin must be >= 0, got ${margin}`);
  if (target === "probability" && margin > 0)
    throw new ConfigError(`pairwiseLogistic: margin must be 0 with target "probability", got ${margin}`);
  const eased = (gap: tf.Tensor): tf.Tensor => {
    const least = margin === 0 ? gap : tf.sub(gap, margin);
    return sharpness === 1 ? least : tf.mul(least, sharpness);
  };
  const formula = formulas(eased, sharpness)[target];
  return pairLoss("pairwiseLogistic", studentLogits, teacherScores, formula, options);
}

function formulas(
  eased: (gap: tf.Tensor) => tf.Tensor,
  sharpness: number,
): Readonly<Record<NonNullable<PairwiseLogisticOptions["target"]>, PairFormula>> {
  const value = (gap: tf.Tensor): tf.Tensor => softplus(tf.neg(eased(gap)));
  const slope = (gap: tf.Tensor): tf.Tensor => tf.mul(tf.sigmoid(tf.neg(eased(gap))), -sharpness);
  const certainty = (teacherGap: tf.Tensor | undefined): tf.Tensor => tf.sigmoid(teacherGap!);
  const certaintySlope = (teacherGap: tf.Tensor): tf.Tensor => {
    const p = tf.sigmoid(teacherGap);
    return tf.mul(p, tf.sub(1, p));
  };
  return {
    order: { value, slope },
    weighted: {
      value: (gap, teacherGap) => tf.mul(certainty(teacherGap), value(gap)),
      slope: (gap, teacherGap) => tf.mul(certainty(teacherGap), slope(gap)),
      teacherSlope: (gap, teacherGap) => tf.mul(certaintySlope(teacherGap), value(gap)),
    },
    probability: {
      value: (gap, teacherGap) => {
        const z = eased(gap);
        return tf.sub(softplus(z), tf.mul(certainty(teacherGap), z));
      },
      slope: (gap, teacherGap) => tf.mul(tf.sub(tf.sigmoid(eased(gap)), certainty(teacherGap)), sharpness),
      teacherSlope: (gap, teacherGap) => tf.neg(tf.mul(certaintySlope(teacherGap), eased(gap))),
    },
  };
}
