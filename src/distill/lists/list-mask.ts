// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ShapeError } from "../../errors.ts";
import { assertSameShape, type NamedTensor } from "../../nn/shape.ts";

/** Options of every loss over lists. */
export interface ListOptions {
  /** [B, N] float32: 1 for real items, 0 for padding, whose values count nowhere. Default: all are real. */
  readonly mask?: tf.Tensor | undefined;
}

/** Finite stand-in for minus infinity: 0 * -Infinity would be NaN. */
export const MASKED_LOGIT = -1e9;

/**
 * @throws {ShapeError} a tensor is no [B, N], or they differ in shape; names each with its shape.
 */
export function assertLists(where: string, mask: tf.Tensor | undefined, ...tensors: readonly NamedTensor[]): void {
  const [name, first] = tensors[0]!;
  if (first.rank !== 2)
    throw new ShapeError(
      `${where}: ${name} must be lists [B, N], got [${first.shape}]; a batch of rows has no lists, sample negatives or use a point-wise loss`,
    );
  assertSameShape(where, ...tensors, ...(mask ? [["mask", mask] as const] : []));
}

/** The values, and `filler` in place of padding whatever stood there. */
export function fillPadding(values: tf.Tensor, mask: tf.Tensor | undefined, filler = MASKED_LOGIT): tf.Tensor {
  if (mask === undefined) return values;
  return tf.where(tf.greater(stopGradient(mask), 0), values, tf.fill(values.shape, filler));
}

/** The values times the mask: values of padding must be finite. */
export function zeroPadding(values: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  return mask === undefined ? values : tf.mul(values, stopGradient(mask));
}

/** [B, N] the mask, or ones. Held constant. */
export function realItems(values: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  return mask === undefined ? tf.onesLike(values) : stopGradient(mask);
}

/** [B, 1] real items a list. */
export function realCount(values: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  return mask === undefined ? tf.fill([values.shape[0]!, 1], values.shape[1]!) : tf.sum(stopGradient(mask), 1, true);
}

/** [B, 1] 1 where two real items of the list differ in the teacher's score, else 0: nothing can be learned there. Held constant. */
export function comparable(teacher: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  const scores = stopGradient(teacher);
  const highest = tf.max(fillPadding(scores, mask), 1, true);
  const lowest = tf.min(fillPadding(scores, mask, -MASKED_LOGIT), 1, true);
  return tf.cast(tf.greater(highest, lowest), "float32");
}
