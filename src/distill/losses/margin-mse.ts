// B = lists, N = items a list: the positive first, then its negatives
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertLists, comparable, fillPadding, type ListOptions, zeroPadding } from "../lists/list-mask.ts";

export interface MarginMseOptions extends ListOptions {
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * Squared distance of the margins: how far the positive (item 0 of the list) stands above each negative.
 *
 *     L = mean_j [ (s_0 - s_j) - (t_0 - t_j) ]^2,  j = 1 .. N-1;   dL/ds_j = -2 e_j / n, dL/ds_0 = 2 sum e_j / n
 *
 * with e_j the difference of the margins. Adding a constant to a list's scores, of either model, changes nothing.
 *
 * @param studentLogits - [B, N].
 * @param teacherLogits - [B, N]; held constant unless `stopTeacherGradient` is false.
 * @returns [B], >= 0; 0 for a list without a comparable pair, or whose positive or all of whose negatives are padding.
 * @throws {ShapeError} the tensors do not have one shape [B, N].
 *
 * @example
 * const loss = marginMse(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]));
 * loss.arraySync(); // [1.5833]
 *
 * Source: Hofstätter et al. (2020), arXiv:2010.02666, eq. 6, over one or many negatives.
 */
export function marginMse(
  studentLogits: tf.Tensor,
  teacherLogits: tf.Tensor,
  { mask, stopTeacherGradient = true }: MarginMseOptions = {},
): tf.Tensor1D {
  assertLists("marginMse", mask, ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  return tf.tidy(() => {
    const constant = stopGradient(teacherLogits);
    const teacher = stopTeacherGradient ? constant : teacherLogits;
    const errors = fillPadding(tf.sub(studentLogits, teacher), mask, 0);
    const pairs = negativePairs(studentLogits, mask);
    const squares = tf.mul(tf.square(tf.sub(firstOf(errors), errors)), pairs);
    const means = tf.div(tf.sum(squares, 1), tf.maximum(tf.sum(pairs, 1), 1));
    return tf.mul(means, tf.squeeze(comparable(constant, mask), [1]));
  }) as tf.Tensor1D;
}

/** [B, 1] */
function firstOf(x: tf.Tensor): tf.Tensor {
  return tf.slice(x, [0, 0], [x.shape[0]!, 1]);
}

/** [B, N] 1 for real negatives of a real positive: never for the positive itself. */
export function negativePairs(logits: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  const [lists, length] = logits.shape as [number, number];
  const later = tf.concat([tf.zeros([lists, 1]), tf.ones([lists, length - 1])], 1);
  return zeroPadding(zeroPadding(later, mask), mask && firstOf(mask));
}
