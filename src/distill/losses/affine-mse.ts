import * as tf from "@tensorflow/tfjs";
import { type LogitMseOptions, logitMse } from "./squared-error.ts";

export interface AffineOptions {
  /** Factor w, of which the absolute value counts; a parameter where it is learned. Default 1. */
  readonly scale?: number | tf.Scalar;
  /** Offset b. Default 0. */
  readonly offset?: number | tf.Scalar;
}

/**
 * The student's scores on the teacher's scale: |w| s + b. Order-preserving for every w but 0.
 *
 * @param logits - any shape. @returns the same shape.
 *
 * Source: `scale_logits` of EasyRec's list-wise losses, for cosines beside logits.
 */
export function affineLogits<T extends tf.Tensor>(logits: T, { scale = 1, offset = 0 }: AffineOptions): T {
  return tf.tidy(() => tf.add(tf.mul(logits, tf.abs(scale)), offset)) as T;
}

/**
 * Squared distance of the logits after an affine map of the student's: L = (|w| s + b - t)^2.
 *
 * dL/ds = 2 |w| e, dL/dw = 2 e s sign(w), dL/db = 2 e, with e = |w| s + b - t.
 *
 * @param studentLogits - any shape: a cosine, say, whose range no teacher logit fits.
 * @param teacherLogits - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the same shape, >= 0.
 * @throws {ShapeError} the two differ in shape.
 *
 * @example
 * affineMse(tf.tensor1d([0.5]), tf.tensor1d([3]), { scale: 4, offset: 0.5 }).arraySync(); // [0.25]
 *
 * Source: squared error as in Ba and Caruana (NeurIPS 2014); the map as in EasyRec (see affineLogits).
 */
export function affineMse<T extends tf.Tensor>(
  studentLogits: T,
  teacherLogits: T,
  options: AffineOptions & LogitMseOptions = {},
): T {
  return tf.tidy(() => logitMse(affineLogits(studentLogits, options), teacherLogits, options)) as T;
}
