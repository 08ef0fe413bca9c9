// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertLists, comparable, fillPadding, type ListOptions, MASKED_LOGIT, realCount } from "../lists/list-mask.ts";
import { logOneMinusSmallExp, logSigmoid } from "../log-space.ts";

export interface CalibratedListwiseOptions extends ListOptions {
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * List-wise loss that leaves the student's probabilities calibrated: shares of the list's summed probabilities are
 * compared, and those do not change when the student's probabilities are the teacher's.
 *
 *     a_i = sigmoid(t_i) / sum sigmoid(t),  b_i = sigmoid(s_i) / sum sigmoid(s)
 *     L = -mean_i [ a_i log b_i + (1 - a_i) log(1 - b_i) ]
 *
 * dL/ds_i = (1 - sigmoid(s_i)) (g_i - b_i sum_j g_j),  g_j = [ (1 - a_j) b_j / (1 - b_j) - a_j ] / n. Not invariant to a
 * shift of the logits: the scale of the probabilities matters.
 *
 * @param studentLogits - [B, N].
 * @param teacherLogits - [B, N]; held constant unless `stopTeacherGradient` is false.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N].
 *
 * @example
 * calibratedListwise(tf.tensor2d([[0, 0]]), tf.tensor2d([[1, -1]])).arraySync(); // [0.6931]
 *
 * Source: Gui et al. (WSDM 2024), arXiv:2312.08727 (CLID), section 4.
 */
export function calibratedListwise(
  studentLogits: tf.Tensor,
  teacherLogits: tf.Tensor,
  { mask, stopTeacherGradient = true }: CalibratedListwiseOptions = {},
): tf.Tensor1D {
  const where = "calibratedListwise";
  assertLists(where, mask, ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  return tf.tidy(() => {
    const constant = stopGradient(teacherLogits);
    const logA = logShares(stopTeacherGradient ? constant : teacherLogits, mask);
    const logB = logShares(studentLogits, mask);
    const a = tf.exp(logA);
    const terms = tf.add(tf.mul(a, logB), tf.mul(tf.sub(1, a), logOthers(logB)));
    const total = tf.neg(tf.sum(fillPadding(terms, mask, 0), 1, true));
    const losses = tf.div(total, tf.maximum(realCount(studentLogits, mask), 1));
    return tf.squeeze(tf.mul(losses, comparable(constant, mask)), [1]);
  }) as tf.Tensor1D;
}

/** log(1 - b): for a share above one half, of which a list has one at most, as the sum of the others, since 1 - b would be rounded. */
function logOthers(logB: tf.Tensor): tf.Tensor {
  const isLarge = tf.greater(stopGradient(logB), -Math.LN2);
  const rest = tf.logSumExp(tf.where(isLarge, tf.fill(logB.shape, MASKED_LOGIT), logB), 1, true);
  const others = logOneMinusSmallExp(tf.minimum(logB, -Math.LN2));
  return tf.where(isLarge, tf.tile(rest, [1, logB.shape[1]!]), others);
}

/** log of sigmoid(x) over its sum in the list; padding has no share. */
function logShares(logits: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  return tf.logSoftmax(fillPadding(logSigmoid(fillPadding(logits, mask, 0)), mask, MASKED_LOGIT) as tf.Tensor2D);
}
