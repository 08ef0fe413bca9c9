// B = lists, N = items a list; P [B, N, N] = a soft permutation, row i is place i
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { realCount, zeroPadding } from "./list-mask.ts";
import { neuralSort, type SoftPermutationOptions, softSort } from "./soft-permutation.ts";

export interface SortedOptions extends SoftPermutationOptions {
  /** How the student's scores are sorted softly. Default neural-sort. */
  readonly sort?: "neural-sort" | "soft-sort";
}

/** Keeps the logarithm of an empty share finite. */
const EPSILON = 1e-6;

/** -log(share + 1e-6). */
export const logCost = (share: tf.Tensor): tf.Tensor => tf.neg(tf.log(tf.add(share, EPSILON)));

/** How much of each item lies among the places that a stage passes on, and beyond them; both [B, N]. */
export interface StageShares {
  readonly inside: tf.Tensor;
  readonly outside: tf.Tensor;
}

/** The shares of the first `selected` places, each column of P scaled to the sum 1; that sum is held constant. */
export function stageShares(permutation: tf.Tensor3D, selected: number): StageShares {
  const whole = tf.add(stopGradient(tf.sum(permutation, 1)), EPSILON);
  return {
    inside: tf.div(firstPlaces(permutation, selected), whole),
    outside: tf.div(placesAfter(permutation, selected), whole),
  };
}

/** The student's scores, softly sorted. */
export function softPermutation(studentLogits: tf.Tensor, options: SortedOptions): tf.Tensor3D {
  return (options.sort === "soft-sort" ? softSort : neuralSort)(studentLogits, options);
}

/** [B, N] how much of each item lies in the first `places`. */
export function firstPlaces(permutation: tf.Tensor3D, places: number): tf.Tensor {
  const [lists, length] = permutation.shape;
  return tf.sum(tf.slice(permutation, [0, 0, 0], [lists, Math.min(places, length), length]), 1);
}

/** [B, N] how much of each item lies beyond the first `places`. */
function placesAfter(permutation: tf.Tensor3D, places: number): tf.Tensor {
  const [lists, length] = permutation.shape;
  if (places >= length) return tf.zeros([lists, length]);
  return tf.sum(tf.slice(permutation, [0, places, 0], [lists, length - places, length]), 1);
}

/** [B] mean of each list's real items. */
export function meanOverReal(losses: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  const real = zeroPadding(losses, mask);
  return tf.div(tf.sum(real, 1), tf.maximum(tf.squeeze(realCount(losses, mask), [1]), 1));
}
