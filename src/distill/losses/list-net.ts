// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { closedForm } from "../closed-form.ts";
import { type SoftTargetOptions, softTarget } from "../lists/soft-target.ts";
import { scaleBySquare } from "../temperature.ts";

/**
 * Cross-entropy of the teacher's softened distribution over each list under the student's (top-one ListNet).
 *
 *     L = -T^2 sum_k p_k log q_k,  p = softmax(t/T), q = softmax(s/T);   dL/ds = T (q - p)
 *
 * The gradient of listKl; the value differs by the teacher's entropy. With two items it is the logistic pair loss.
 *
 * @param studentLogits - [B, N].
 * @param teacherLogits - [B, N]; held constant unless `stopTeacherGradient` is false.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} temperature is not positive.
 *
 * @example
 * const loss = listNet(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]));
 * loss.arraySync(); // [1.4037]
 *
 * Source: Cao et al. (ICML 2007), section 4.2, eq. 3.
 */
export function listNet(
  studentLogits: tf.Tensor,
  teacherLogits: tf.Tensor,
  options: SoftTargetOptions = {},
): tf.Tensor1D {
  const { temperature = 1, scaleByTemperatureSquared = true } = options;
  return tf.tidy(() => {
    const { student, teacher, counts } = softTarget("listNet", studentLogits, teacherLogits, options);
    const losses = closedForm({
      inputs: [student, teacher],
      constants: [counts],
      forward: ([z, x], [counting]) => {
        const [logQ, p] = [tf.logSoftmax(z!), tf.softmax(x!)];
        const value = tf.mul(tf.neg(tf.sum(tf.mul(p, logQ), 1, true)), counting!);
        return { value: tf.squeeze(value, [1]), saved: [logQ, p, value, counting!] };
      },
      gradients: (dy, [logQ, p, crossEntropy, counting]) => {
        const upstream = tf.mul(tf.expandDims(dy, 1), counting!);
        return [
          tf.mul(upstream, tf.sub(tf.exp(logQ!), p!)),
          tf.neg(tf.mul(upstream, tf.mul(p!, tf.add(logQ!, crossEntropy!)))),
        ];
      },
    });
    return scaleBySquare(losses, temperature, scaleByTemperatureSquared);
  }) as tf.Tensor1D;
}
