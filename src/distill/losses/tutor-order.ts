// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertLists, comparable, fillPadding, type ListOptions, realCount, realItems } from "../lists/list-mask.ts";
import { topMask } from "../lists/list-order.ts";
import { softplus } from "../log-space.ts";
import { assertTopK } from "./position-weighted.ts";

export interface TutorValueOptions extends ListOptions {
  /** Compare logits, or the probabilities sigmoid(x), whose gradient vanishes where they saturate. Default logits. */
  readonly on?: "logits" | "probabilities";
  /** Holds the tutor constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

export interface TutorOrderOptions extends Pick<TutorValueOptions, "mask" | "on"> {
  /** Items of a list that the tutor passes on; >= 1. */
  readonly topK: number;
}

export interface TutorOptions extends TutorOrderOptions, TutorValueOptions {
  /** Share of the order loss, in [0, 1]. Default 0.5. */
  readonly alpha?: number;
}

/**
 * The next stage's first items, on average, above the rest: L = softplus(-(mean over top-k - mean over the rest)).
 *
 * dL/dx_i = -sigmoid(-gap) / k for the top k, + sigmoid(-gap) / (n - k) for the rest; x = s, or sigmoid(s).
 *
 * @param studentLogits - [B, N].
 * @param tutorScores - [B, N] any scores of the next stage, higher is better. Held constant.
 * @returns [B], >= 0; 0 for a list without a comparable pair, or of at most k items.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} topK is not a whole number >= 1.
 *
 * @example
 * const [student, tutor] = [tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]])];
 * tutorOrder(student, tutor, { topK: 2, on: "probabilities" }).arraySync(); // [0.5783]
 *
 * Source: Qin et al. (SIGIR 2022), RankFlow, the ranking term of tutor learning.
 */
export function tutorOrder(
  studentLogits: tf.Tensor,
  tutorScores: tf.Tensor,
  { mask, topK, on = "logits" }: TutorOrderOptions,
): tf.Tensor1D {
  assertLists("tutorOrder", mask, ["studentLogits", studentLogits], ["tutorScores", tutorScores]);
  assertTopK("tutorOrder", topK);
  return tf.tidy(() => {
    const tutor = stopGradient(tutorScores);
    const student = fillPadding(studentLogits, mask, 0);
    const x = on === "logits" ? student : tf.sigmoid(student);
    const top = topMask(tutor, mask, topK);
    const rest = tf.sub(realItems(top, mask), top);
    const gap = tf.sub(meanOver(x, top), meanOver(x, rest));
    const counts = tf.mul(comparable(tutor, mask), tf.cast(tf.greater(tf.sum(rest, 1, true), 0), "float32"));
    return tf.squeeze(tf.mul(softplus(tf.neg(gap)), counts), [1]);
  }) as tf.Tensor1D;
}

/** [B, 1] mean over the chosen items, 0 where none is. */
function meanOver(x: tf.Tensor, chosen: tf.Tensor): tf.Tensor {
  return tf.div(tf.sum(tf.mul(x, chosen), 1, true), tf.maximum(tf.sum(chosen, 1, true), 1));
}

/**
 * Mean squared distance to the next stage's scores: L = mean_i (x_i - y_i)^2 over the real items, dL/dx_i = 2 (x_i - y_i) / n.
 *
 * @param studentLogits - [B, N].
 * @param tutorLogits - [B, N]; held constant unless `stopTeacherGradient` is false.
 * @returns [B], >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N].
 *
 * @example
 * const [student, tutor] = [tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]])];
 * tutorValue(student, tutor, { on: "probabilities" }).arraySync(); // [0.0427]
 *
 * Source: Qin et al. (SIGIR 2022), RankFlow, the value term of tutor learning; its code compares probabilities.
 */
export function tutorValue(
  studentLogits: tf.Tensor,
  tutorLogits: tf.Tensor,
  { mask, on = "logits", stopTeacherGradient = true }: TutorValueOptions = {},
): tf.Tensor1D {
  assertLists("tutorValue", mask, ["studentLogits", studentLogits], ["tutorLogits", tutorLogits]);
  return tf.tidy(() => {
    const constant = stopGradient(tutorLogits);
    const compared = (x: tf.Tensor): tf.Tensor => {
      const filled = fillPadding(x, mask, 0);
      return on === "logits" ? filled : tf.sigmoid(filled);
    };
    const errors = tf.sub(compared(studentLogits), compared(stopTeacherGradient ? constant : tutorLogits));
    const means = tf.div(tf.sum(tf.square(errors), 1, true), tf.maximum(realCount(errors, mask), 1));
    return tf.squeeze(tf.mul(means, comparable(constant, mask)), [1]);
  }) as tf.Tensor1D;
}

/**
 * RankFlow's tutor learning: L = alpha tutorOrder + (1 - alpha) tutorValue.
 *
 * @param studentLogits - [B, N] of the earlier stage. @param tutorLogits - [B, N] of the next stage.
 * @returns [B], >= 0.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} topK or alpha out of range.
 *
 * @example
 * const [student, tutor] = [tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]])];
 * tutorLearning(student, tutor, { topK: 2, on: "probabilities" }).arraySync(); // [0.3105]
 *
 * Source: Qin et al. (SIGIR 2022), RankFlow; alpha .2 and .5 in its MovieLens configuration.
 */
export function tutorLearning(studentLogits: tf.Tensor, tutorLogits: tf.Tensor, options: TutorOptions): tf.Tensor1D {
  const { alpha = 0.5 } = options;
  assertLists("tutorLearning", options.mask, ["studentLogits", studentLogits], ["tutorLogits", tutorLogits]);
  if (!(alpha >= 0 && alpha <= 1)) throw new ConfigError(`tutorLearning: alpha must be in [0, 1], got ${alpha}`);
  return tf.tidy(() =>
    tf.add(
      tf.mul(tutorOrder(studentLogits, tutorLogits, options), alpha),
      tf.mul(tutorValue(studentLogits, tutorLogits, options), 1 - alpha),
    ),
  ) as tf.Tensor1D;
}
