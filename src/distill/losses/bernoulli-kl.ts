import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertSameShape } from "../../nn/shape.ts";
import { type ClosedForm, closedForm } from "../closed-form.ts";
import { logSigmoid, softplus } from "../log-space.ts";
import { assertTemperature, scaleBySquare, soften, type TemperatureOptions } from "../temperature.ts";

/** Which distribution the expectation is taken over: the teacher's, the student's, or half of each against their mean. */
export type KlDirection = "teacher-first" | "student-first" | "jensen-shannon";

export interface BernoulliKlOptions extends TemperatureOptions {
  /** `teacher-first` KL(p || q), `student-first` KL(q || p), or their Jensen-Shannon divergence. Default teacher-first. */
  readonly direction?: KlDirection;
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * KL divergence between the teacher's and the student's Bernoulli distribution, for heads of one logit.
 *
 *     L = T^2 [ p (log p - log q) + (1 - p) (log(1 - p) - log(1 - q)) ],  p = sigmoid(t/T), q = sigmoid(s/T)
 *
 * dL/ds = T (q - p); student first: T q (1 - q) (s - t) / T. Never a softmax over one number, which is constant.
 *
 * @param studentLogits - any shape.
 * @param teacherLogits - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the same shape, nats, >= 0; Jensen-Shannon at most T^2 log 2.
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
  assertTemperature("bernoulliKl", temperature);
  return tf.tidy(() => {
    const student = soften(studentLogits, temperature);
    const teacher = soften(stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits, temperature);
    const losses = divergence(student, teacher, options.direction ?? "teacher-first");
    return scaleBySquare(losses, temperature, scaleByTemperatureSquared);
  }) as T;
}

function divergence(student: tf.Tensor, teacher: tf.Tensor, direction: KlDirection): tf.Tensor {
  if (direction === "teacher-first") return closedForm({ inputs: [student, teacher], ...klOfFirst });
  if (direction === "student-first") return closedForm({ inputs: [teacher, student], ...klOfFirst });
  const half = closedForm({ inputs: [student, teacher], ...towardsMean });
  return tf.mul(tf.add(half, closedForm({ inputs: [teacher, student], ...towardsMean })), 0.5);
}

type Formula = Pick<ClosedForm, "forward" | "gradients">;

/** KL(P || Q) of the logits z of Q and x of P: p (x - z) + softplus(z) - softplus(x). */
const klOfFirst: Formula = {
  forward: ([z, x]) => {
    const cross = tf.mul(tf.sigmoid(x!), tf.sub(x!, z!));
    return { value: tf.relu(tf.add(cross, tf.sub(softplus(z!), softplus(x!)))), saved: [z!, x!] };
  },
  gradients: (dy, [z, x]) => {
    const p = tf.sigmoid(x!);
    return [tf.mul(dy, tf.sub(tf.sigmoid(z!), p)), tf.mul(dy, tf.mul(tf.mul(p, tf.sub(1, p)), tf.sub(x!, z!)))];
  },
};

/** KL(Q || M) of the logits z of Q and x of P, with M their mean; as d KL / d M is 0 in the sum of both halves, only Q moves. */
const towardsMean: Formula = {
  forward: ([z, x]) => {
    const [on, off] = [logRatioToMean(z!, x!), logRatioToMean(tf.neg(z!), tf.neg(x!))];
    const q = tf.sigmoid(z!);
    return { value: tf.add(tf.mul(q, on), tf.mul(tf.sub(1, q), off)), saved: [q, on, off] };
  },
  gradients: (dy, [q, on, off]) => {
    const slope = tf.mul(tf.mul(q!, tf.sub(1, q!)), tf.sub(on!, off!));
    return [tf.mul(dy, slope), tf.zerosLike(slope)];
  },
};

/** log q - log((p + q) / 2) of the logits z of q and x of p, in log space. */
function logRatioToMean(z: tf.Tensor, x: tf.Tensor): tf.Tensor {
  return tf.sub(Math.LN2, softplus(tf.sub(logSigmoid(x), logSigmoid(z))));
}
