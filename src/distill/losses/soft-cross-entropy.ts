import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { assertTemperature, scaleBySquare, soften, type TemperatureOptions } from "../temperature.ts";
import { binaryCrossEntropy } from "./binary-cross-entropy.ts";

export interface SoftCrossEntropyOptions extends TemperatureOptions {
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * Cross-entropy of the teacher's softened probability under the student's softened logit.
 *
 *     L = T^2 [ softplus(s/T) - p s/T ],  p = sigmoid(t/T)
 *
 * dL/ds = T (q - p), as for bernoulliKl; the two differ by the teacher's entropy.
 *
 * @param studentLogits - any shape.
 * @param teacherLogits - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the same shape, nats, >= 0.
 * @throws {ShapeError} the two differ in shape. @throws {ConfigError} temperature is not a positive number.
 *
 * @example
 * const loss = softCrossEntropy(tf.tensor1d([0.5]), tf.tensor1d([Math.log(4)]));
 * loss.arraySync(); // [0.5741]
 *
 * Source: Hinton, Vinyals, Dean (2015), section 2, for two classes.
 */
export function softCrossEntropy<T extends tf.Tensor>(
  studentLogits: T,
  teacherLogits: T,
  options: SoftCrossEntropyOptions = {},
): T {
  const { temperature = 1, scaleByTemperatureSquared = true, stopTeacherGradient = true } = options;
  assertSameShape("softCrossEntropy", ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  assertTemperature("softCrossEntropy", temperature);
  return tf.tidy(() => {
    const teacher = stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits;
    const target = tf.sigmoid(soften(teacher, temperature));
    const losses = binaryCrossEntropy(soften(studentLogits, temperature), target, {
      stopLabelGradient: stopTeacherGradient,
    });
    return scaleBySquare(losses, temperature, scaleByTemperatureSquared);
  }) as T;
}
