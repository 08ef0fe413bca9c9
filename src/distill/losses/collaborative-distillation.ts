import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { assertTemperature, type Temperature } from "../temperature.ts";
import { binaryCrossEntropy } from "./binary-cross-entropy.ts";

export interface CollaborativeDistillationOptions {
  /** Divides the teacher's logits alone; > 0. Default 2. */
  readonly temperature?: Temperature;
  /** Added to the teacher's logits before the division: above 0 it raises every target. Default 0. */
  readonly shift?: number;
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * Cross-entropy of the student's own (not softened) probability against the teacher's softened one, on items that a
 * rank-aware sampler drew.
 *
 *     L = -[ w log q + (1 - w) log(1 - q) ],  w = sigmoid((t + shift) / T), q = sigmoid(s);   dL/ds = q - w
 *
 * @param studentLogits - any shape.
 * @param teacherLogits - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the same shape, nats, >= 0.
 * @throws {ShapeError} the two differ in shape. @throws {ConfigError} temperature is not a positive number.
 *
 * @example
 * const loss = collaborativeDistillation(tf.tensor1d([2]), tf.tensor1d([1.5]));
 * loss.arraySync(); // [0.7686]
 *
 * Source: Lee et al. (ICDM 2019), arXiv:1911.05276, section IV; defaults of the KDs benchmark's configuration.
 */
export function collaborativeDistillation<T extends tf.Tensor>(
  studentLogits: T,
  teacherLogits: T,
  options: CollaborativeDistillationOptions = {},
): T {
  const { temperature = 2, shift = 0, stopTeacherGradient = true } = options;
  assertSameShape("collaborativeDistillation", ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  assertTemperature("collaborativeDistillation", temperature);
  return tf.tidy(() => {
    const teacher = stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits;
    const target = tf.sigmoid(tf.div(tf.add(teacher, shift), temperature));
    return binaryCrossEntropy(studentLogits, target as T, { stopLabelGradient: stopTeacherGradient });
  }) as T;
}
