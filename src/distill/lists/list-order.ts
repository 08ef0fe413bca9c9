// B = lists, N = items a list, K = places that are looked at
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { fillPadding, zeroPadding } from "./list-mask.ts";

/**
 * Where the item of each place stands: best first, ties in the order of the list, padding last. Held constant.
 *
 * @returns [B, K] int32 positions in the flattened [B * N] lists.
 */
export function orderOf(scores: tf.Tensor, mask: tf.Tensor | undefined, places = scores.shape[1]!): tf.Tensor {
  const [lists, length] = scores.shape as [number, number];
  const { indices } = tf.topk(fillPadding(stopGradient(scores), mask) as tf.Tensor2D, places);
  return tf.add(indices, tf.expandDims(tf.range(0, lists * length, length, "int32"), 1));
}

/** The values at an order's places: [B, K]. Gradients flow back to where the values came from. */
export function takeInOrder(values: tf.Tensor, order: tf.Tensor): tf.Tensor {
  return tf.customGrad((x: unknown, save: unknown) => {
    (save as (tensors: tf.Tensor[]) => void)([order]);
    return {
      value: tf.gather(tf.reshape(x as tf.Tensor, [-1]), order as tf.Tensor2D),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => putInOrder(dy, saved[0]!, values.shape),
    };
  })(values);
}

/** The inverse of takeInOrder: each place's value where its item stands, 0 elsewhere. */
export function putInOrder(values: tf.Tensor, order: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const positions = tf.reshape(order, [-1, 1]) as tf.Tensor2D;
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  return tf.reshape(tf.scatterND(positions, tf.reshape(values, [-1]), [size]), [...shape]);
}

/**
 * [B, N] float32 place of each item: 1 is the best score, ties in the order of the list, padding last.
 *
 * @param first - only the first places are told apart, which costs less; all further items stand at place first + 1.
 */
export function ranksOf(scores: tf.Tensor, mask?: tf.Tensor, first = scores.shape[1]!): tf.Tensor {
  const [lists, length] = scores.shape as [number, number];
  const places = Math.min(first, length);
  const ranks = tf.tile(tf.expandDims(tf.range(1, places + 1, 1, "float32"), 0), [lists, 1]);
  const found = putInOrder(ranks, orderOf(scores, mask, places), scores.shape);
  return places === length ? found : tf.where(tf.greater(found, 0), found, tf.fill(scores.shape, places + 1));
}

/** [B, N] 1 for the `count` real items with the best scores, else 0. */
export function topMask(scores: tf.Tensor, mask: tf.Tensor | undefined, count: number): tf.Tensor {
  const [lists, length] = scores.shape as [number, number];
  const places = Math.min(count, length);
  const top = putInOrder(tf.ones([lists, places]), orderOf(scores, mask, places), scores.shape);
  return zeroPadding(top, mask);
}
