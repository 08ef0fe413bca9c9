// D = width of a layer
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { l2Normalise } from "../../nn/l2-normalise.ts";
import { assertSameShape } from "../../nn/shape.ts";

export interface HintOptions {
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/**
 * Mean squared distance of two layers: L = mean_d (h_d - g_d)^2, dL/dh = 2 (h - g) / D.
 *
 * @param studentLayer - [..., D]; project it first where the teacher's layer is wider.
 * @param teacherLayer - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the leading shape, >= 0.
 * @throws {ShapeError} the two differ in shape.
 *
 * @example
 * hintMse(tf.tensor2d([[1, 2]]), tf.tensor2d([[0, 0]])).arraySync(); // [2.5]
 *
 * Source: Romero et al. (ICLR 2015), section 2.2, eq. 3, as a mean.
 */
export function hintMse(
  studentLayer: tf.Tensor,
  teacherLayer: tf.Tensor,
  { stopTeacherGradient = true }: HintOptions = {},
): tf.Tensor {
  assertSameShape("hintMse", ["studentLayer", studentLayer], ["teacherLayer", teacherLayer]);
  return tf.tidy(() => {
    const teacher = stopTeacherGradient ? stopGradient(teacherLayer) : teacherLayer;
    return tf.mean(tf.square(tf.sub(studentLayer, teacher)), -1);
  });
}

/**
 * Angle between two layers: L = 1 - cos(h, g), dL/dh = (cos h/|h| - g/|g|) / |h|. Their lengths count for nothing.
 *
 * @param studentLayer - [..., D].
 * @param teacherLayer - same shape; held constant unless `stopTeacherGradient` is false.
 * @returns the leading shape, in [0, 2]; 1 where either vector is 0.
 * @throws {ShapeError} the two differ in shape.
 *
 * @example
 * hintCosine(tf.tensor2d([[1, 0]]), tf.tensor2d([[2, 0]])).arraySync(); // [0]
 *
 * Source: Zhou et al. (AAAI 2018), Rocket Launching, whose hints EasyRec offers as a cosine.
 */
export function hintCosine(
  studentLayer: tf.Tensor,
  teacherLayer: tf.Tensor,
  { stopTeacherGradient = true }: HintOptions = {},
): tf.Tensor {
  assertSameShape("hintCosine", ["studentLayer", studentLayer], ["teacherLayer", teacherLayer]);
  return tf.tidy(() => {
    const teacher = stopTeacherGradient ? stopGradient(teacherLayer) : teacherLayer;
    return tf.sub(1, tf.sum(tf.mul(l2Normalise(studentLayer), l2Normalise(teacher)), -1));
  });
}
