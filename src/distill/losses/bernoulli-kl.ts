import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertSameShape } from "../../nn/shape.ts";

export interface BernoulliKlOptions {
  /** Softens both probabilities; > 0. Default 1. */
  readonly temperature?: number;
  /** Multiplies the loss by temperature^2, so that its gradient keeps its size. Default true. */
  readonly scaleByTemperatureSquared?: boolean;
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * KL divergence from the student's to the teacher's Bernoulli distribution, for heads of one logit.
 *
 *     L = T^2 [ p (log p - log q) + (1 - p) (log(1 - p) - log(1 - q)) ],  p = sigmoid(t/T), q = sigmoid(s/T)
 *
 * dL/ds = T (q - p). Never a softmax over one number, which is constant. Unreduced.
 *
 * @param studentLogits - any shape.
 * @param teacherLogits - same shape.
 * @returns the same shape, nats, >= 0.
 * @throws {ShapeError} the two differ in shape.
 * @throws {ConfigError} temperature is not a positive number.
 *
 * @example
 * const loss = bernoulliKl(tf.tensor1d([0.5]), tf.tensor1d([Math.log(4)]));
 * loss.arraySync(); // [0.0737]
 *
 * Source: Zhao et al. (2021), arXiv:2102.07142 (DMTL), the distillation term; Hinton et al. (2015), section 2, for T.
 */
export function bernoulliKl<T extends tf.Tensor>(
  studentLogits: T,
  teacherLogits: T,
  options: BernoulliKlOptions = {},
): T {
  const { temperature = 1, scaleByTemperatureSquared = true, stopTeacherGradient = true } = options;
  assertSameShape("bernoulliKl", ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  if (!(temperature > 0)) throw new ConfigError(`bernoulliKl: temperature must be > 0, got ${temperature}`);
  return tf.tidy(() => {
    const student = tf.div(studentLogits, temperature);
    const teacher = tf.div(stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits, temperature);
    return tf.mul(divergence(student, teacher), scaleByTemperatureSquared ? temperature ** 2 : 1);
  }) as T;
}

/** One node of the tape: the closed-form gradients keep what autodiff of the clamped sum would lose to rounding. */
const divergence = tf.customGrad((s, t, save) => {
  const [student, teacher] = [s as tf.Tensor, t as tf.Tensor];
  (save as (tensors: tf.Tensor[]) => void)([student, teacher]);
  // p (log p - log q) + (1 - p) (log(1 - p) - log(1 - q)) = p (t - s) + softplus(s) - softplus(t)
  const cross = tf.mul(tf.sigmoid(teacher), tf.sub(teacher, student));
  const value = tf.relu(tf.add(cross, tf.sub(tf.softplus(student), tf.softplus(teacher))));
  const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
    const [z, x] = saved as [tf.Tensor, tf.Tensor];
    const p = tf.sigmoid(x);
    const slope = tf.mul(tf.mul(p, tf.sub(1, p)), tf.sub(x, z));
    return [tf.mul(dy, tf.sub(tf.sigmoid(z), p)), tf.mul(dy, slope)];
  };
  return { value, gradFunc };
});
