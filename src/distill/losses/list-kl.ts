// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { type ClosedForm, closedForm } from "../closed-form.ts";
import { type SoftTargetOptions, softTarget } from "../lists/soft-target.ts";
import { scaleBySquare } from "../temperature.ts";
import type { KlDirection } from "./bernoulli-kl.ts";

export interface ListKlOptions extends SoftTargetOptions {
  /** `teacher-first` KL(p || q), `student-first` KL(q || p), or their Jensen-Shannon divergence. Default teacher-first. */
  readonly direction?: KlDirection;
}

/**
 * KL divergence between the teacher's and the student's softened distribution over each list.
 *
 *     L = T^2 sum_k p_k (log p_k - log q_k),  p = softmax(t/T), q = softmax(s/T)
 *
 * dL/ds = T (q - p); student first: T q (log q - log p - KL(q || p)). Shifting a list's logits changes nothing.
 *
 * @param studentLogits - [B, N].
 * @param teacherLogits - [B, N]; held constant unless `stopTeacherGradient` is false.
 * @returns [B] nats, >= 0; Jensen-Shannon at most T^2 log 2; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} temperature is not positive.
 *
 * @example
 * const loss = listKl(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]), { temperature: 2 });
 * loss.arraySync(); // [0.3388]
 *
 * Source: Hinton, Vinyals, Dean (2015), section 2; student first: Ren et al. (EMNLP 2021), arXiv:2110.07367, eq. 4;
 * Jensen-Shannon: Lin (1991), doi:10.1109/18.61115.
 */
export function listKl(studentLogits: tf.Tensor, teacherLogits: tf.Tensor, options: ListKlOptions = {}): tf.Tensor1D {
  const { temperature = 1, scaleByTemperatureSquared = true, direction = "teacher-first" } = options;
  return tf.tidy(() => {
    const { student, teacher, counts } = softTarget("listKl", studentLogits, teacherLogits, options);
    const losses = divergence(student, teacher, counts, direction);
    return scaleBySquare(losses, temperature, scaleByTemperatureSquared);
  }) as tf.Tensor1D;
}

function divergence(student: tf.Tensor, teacher: tf.Tensor, counts: tf.Tensor, direction: KlDirection): tf.Tensor {
  const of = (formula: Formula, inputs: readonly tf.Tensor[]): tf.Tensor =>
    closedForm({ inputs, constants: [counts], ...formula });
  if (direction === "teacher-first") return of(klOfFirst, [student, teacher]);
  if (direction === "student-first") return of(klOfFirst, [teacher, student]);
  return tf.mul(tf.add(of(towardsMean, [student, teacher]), of(towardsMean, [teacher, student])), 0.5);
}

type Formula = Pick<ClosedForm, "forward" | "gradients">;

/** KL(P || Q) of the logits z of Q and x of P. */
const klOfFirst: Formula = {
  forward: ([z, x], [counts]) => {
    const [logQ, logP] = [tf.logSoftmax(z!), tf.logSoftmax(x!)];
    const ratio = tf.sub(logP, logQ);
    const losses = tf.relu(tf.sum(tf.mul(tf.exp(logP), ratio), 1, true));
    const value = tf.mul(losses, counts!);
    return { value: tf.squeeze(value, [1]), saved: [logQ, logP, value, counts!] };
  },
  gradients: (dy, [logQ, logP, losses, counts]) => {
    const upstream = tf.mul(tf.expandDims(dy, 1), counts!);
    const p = tf.exp(logP!);
    return [
      tf.mul(upstream, tf.sub(tf.exp(logQ!), p)),
      tf.mul(upstream, tf.mul(p, tf.sub(tf.sub(logP!, logQ!), losses!))),
    ];
  },
};

/** KL(Q || M) of the logits z of Q and x of P, M their mean; what moves M is 0 in the sum of both halves. */
const towardsMean: Formula = {
  forward: ([z, x], [counts]) => {
    const [logQ, logP] = [tf.logSoftmax(z!), tf.logSoftmax(x!)];
    const logMean = tf.sub(
      tf.add(tf.maximum(logQ, logP), tf.log1p(tf.exp(tf.neg(tf.abs(tf.sub(logQ, logP)))))),
      Math.LN2,
    );
    const ratio = tf.sub(logQ, logMean);
    const q = tf.exp(logQ);
    const losses = tf.relu(tf.sum(tf.mul(q, ratio), 1, true));
    return { value: tf.squeeze(tf.mul(losses, counts!), [1]), saved: [q, ratio, losses, counts!] };
  },
  gradients: (dy, [q, ratio, losses, counts]) => {
    const upstream = tf.mul(tf.expandDims(dy, 1), counts!);
    return [tf.mul(upstream, tf.mul(q!, tf.sub(ratio!, losses!))), tf.zerosLike(q!)];
  },
};
