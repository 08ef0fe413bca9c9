import type * as tf from "@tensorflow/tfjs";
import { ShapeError } from "../errors.ts";

/** A tensor with the name that its caller knows it by. */
export type NamedTensor = readonly [name: string, tensor: tf.Tensor];

/**
 * Before any arithmetic, since tfjs would broadcast [4] with [4, 1] to [4, 4].
 *
 * @throws {ShapeError} the tensors do not all have one shape; names each with its shape.
 */
export function assertSameShape(where: string, ...tensors: readonly NamedTensor[]): void {
  const shapes = tensors.map(([, tensor]) => `[${tensor.shape}]`);
  if (shapes.every((shape) => shape === shapes[0])) return;
  const names = tensors.map(([name]) => name).join(" and ");
  throw new ShapeError(`${where}: ${names} must have one shape, got ${shapes.join(" and ")}`);
}

/** @throws {ShapeError} the tensor's shape is not `shape`; `-1` allows any size. */
export function assertShape(
  where: string,
  [name, tensor]: NamedTensor,
  shape: readonly number[],
  meaning: string,
): void {
  const fits = tensor.rank === shape.length && shape.every((size, i) => size === -1 || size === tensor.shape[i]);
  if (!fits) throw new ShapeError(`${where}: ${name} must be ${meaning}, got [${tensor.shape}]`);
}
