import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { assertTemperature, soften, type Temperature } from "../temperature.ts";

export interface LogitMseOptions {
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * Squared distance of the logits: L = (s - t)^2, dL/ds = 2 (s - t).
 *
 * @param studentLogits - any shape.
 * @param teacherLogits - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the same shape, >= 0.
 * @throws {ShapeError} the two differ in shape.
 *
 * @example
 * logitMse(tf.tensor1d([2]), tf.tensor1d([1.5])).arraySync(); // [0.25]
 *
 * Source: Ba and Caruana (NeurIPS 2014), section 2.1, eq. 1 without the half.
 */
export function logitMse<T extends tf.Tensor>(
  studentLogits: T,
  teacherLogits: T,
  { stopTeacherGradient = true }: LogitMseOptions = {},
): T {
  assertSameShape("logitMse", ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  return tf.tidy(() =>
    tf.square(tf.sub(studentLogits, stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits)),
  ) as T;
}

export interface ProbabilityMseOptions extends LogitMseOptions {
  /** Divides both logits; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Squared distance of the probabilities: L = (q - p)^2 with q = sigmoid(s/T), p = sigmoid(t/T).
 *
 * dL/ds = 2 (q - p) q (1 - q) / T: it vanishes where the student is sure, right or wrong; logitMse and bernoulliKl do not.
 *
 * @param studentLogits - any shape.
 * @param teacherLogits - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the same shape, in [0, 1].
 * @throws {ShapeError} the two differ in shape. @throws {ConfigError} temperature is not a positive number.
 *
 * @example
 * probabilityMse(tf.tensor1d([0.5]), tf.tensor1d([Math.log(4)])).arraySync(); // [0.0315]
 *
 * Source: the value loss of RankFlow, Qin et al. (SIGIR 2022), which uses it on probabilities.
 */
export function probabilityMse<T extends tf.Tensor>(
  studentLogits: T,
  teacherLogits: T,
  { temperature = 1, stopTeacherGradient = true }: ProbabilityMseOptions = {},
): T {
  assertSameShape("probabilityMse", ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  assertTemperature("probabilityMse", temperature);
  return tf.tidy(() => {
    const teacher = stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits;
    return tf.square(tf.sub(tf.sigmoid(soften(studentLogits, temperature)), tf.sigmoid(soften(teacher, temperature))));
  }) as T;
}
