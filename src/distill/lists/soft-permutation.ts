// B = lists, N = items a list; [b, i, j] is how much item j stands at place i
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertTemperature, type Temperature } from "../temperature.ts";
import { assertLists, fillPadding, type ListOptions, realCount, realItems, zeroPadding } from "./list-mask.ts";
import { orderOf, ranksOf, takeInOrder } from "./list-order.ts";

export interface SoftPermutationOptions extends ListOptions {
  /** How soft the places are; > 0. Default 1 where it is relative to the list, and it has to be given otherwise. */
  readonly temperature?: Temperature;
  /**
   * What the temperature multiplies. `list`: n times (NeuralSort) or once (SoftSort) the standard deviation of the
   * list's scores, held constant, so that the scale of the scores does not matter. `absolute`: nothing. Default list.
   */
  readonly relativeTo?: "list" | "absolute";
}

/**
 * NeuralSort's relaxed permutation: row i is a soft one-hot of the i-th best item.
 *
 *     P_i. = softmax( ((n + 1 - 2 i) s - A 1) / tau ),  A_jl = |s_j - s_l|
 *
 * Every row sums to 1 over the real items, columns only nearly. As tau goes to 0 it is the permutation that sorts the
 * scores. Shifting them changes nothing.
 *
 * @param scores - [B, N]; gradients flow into these.
 * @returns [B, N, N] in [0, 1]; rows beyond the real items and columns of padding are 0.
 * @throws {ShapeError} scores or mask are no [B, N]. @throws {ConfigError} temperature is not positive.
 *
 * @example
 * neuralSort(tf.tensor2d([[1, 0]]), { temperature: 1, relativeTo: "absolute" }).arraySync(); // [[[0.7311, 0.2689], [0.2689, 0.7311]]]
 *
 * Source: Grover et al. (ICLR 2019), arXiv:1903.08850, theorem 4, eq. 7.
 */
export function neuralSort(scores: tf.Tensor, options: SoftPermutationOptions = {}): tf.Tensor3D {
  const { mask } = options;
  assertLists("neuralSort", mask, ["scores", scores]);
  return tf.tidy(() => {
    const s = fillPadding(scores, mask, 0);
    const length = s.shape[1]!;
    const count = realCount(s, mask);
    const places = tf.range(1, length + 1, 1, "float32");
    const slopes = tf.sub(tf.add(count, 1), tf.mul(places, 2));
    const logits = tf.sub(tf.mul(tf.expandDims(slopes, 2), tf.expandDims(s, 1)), tf.expandDims(distances(s, mask), 1));
    return softRows(tf.div(logits, sharpness("neuralSort", s, tf.maximum(count, 1), options)), mask);
  }) as tf.Tensor3D;
}

/** [B, N] sum of each score's distances to the real scores of its list. */
function distances(s: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  const apart = tf.abs(tf.sub(tf.expandDims(s, 2), tf.expandDims(s, 1)));
  return tf.sum(zeroPadding(apart, mask && tf.expandDims(mask, 1)), 2);
}

/**
 * SoftSort's relaxed permutation: P_i. = softmax( -|sorted(s)_i - s| / tau ). One subtraction where NeuralSort sums.
 *
 * @param scores - [B, N]; gradients flow into these. @returns as neuralSort.
 * @throws {ShapeError} scores or mask are no [B, N]. @throws {ConfigError} temperature is not positive.
 *
 * @example
 * softSort(tf.tensor2d([[1, 0]]), { temperature: 1, relativeTo: "absolute" }).arraySync(); // [[[0.7311, 0.2689], [0.2689, 0.7311]]]
 *
 * Source: Prillo and Eisenschlos (ICML 2020), arXiv:2006.16038, eq. 3.
 */
export function softSort(scores: tf.Tensor, options: SoftPermutationOptions = {}): tf.Tensor3D {
  const { mask } = options;
  assertLists("softSort", mask, ["scores", scores]);
  return tf.tidy(() => {
    const s = fillPadding(scores, mask, 0);
    const sorted = takeInOrder(s, orderOf(s, mask));
    const logits = tf.neg(tf.abs(tf.sub(tf.expandDims(sorted, 2), tf.expandDims(s, 1))));
    return softRows(tf.div(logits, sharpness("softSort", s, tf.onesLike(realCount(s, mask)), options)), mask);
  }) as tf.Tensor3D;
}

/** [B, N, N] the permutation that sorts the real items, best first; ties keep the order of the list. */
export function hardPermutation(scores: tf.Tensor, mask?: tf.Tensor): tf.Tensor3D {
  const places = tf.range(1, scores.shape[1]! + 1, 1, "float32");
  const rows = tf.reshape(places, [1, -1, 1]);
  const hits = tf.cast(tf.equal(rows, tf.expandDims(ranksOf(scores, mask), 1)), "float32");
  return zeroPadding(hits, mask && tf.expandDims(mask, 1)) as tf.Tensor3D;
}

/** Standard deviation below which a list counts as tied; keeps the division finite. */
const SMALLEST_SCALE = 1e-6;

/** [B, 1, 1] the temperature in units of the scores. @param multiple - [B, 1]. */
function sharpness(
  where: string,
  s: tf.Tensor,
  multiple: tf.Tensor,
  { mask, temperature = 1, relativeTo = "list" }: SoftPermutationOptions,
): tf.Tensor {
  assertTemperature(where, temperature);
  if (relativeTo === "absolute") return tf.mul(tf.ones([1, 1, 1]), temperature);
  const scores = stopGradient(s);
  const count = tf.maximum(realCount(scores, mask), 1);
  const real = realItems(scores, mask);
  const mean = tf.div(tf.sum(tf.mul(scores, real), 1, true), count);
  const variance = tf.div(tf.sum(tf.mul(tf.square(tf.sub(scores, mean)), real), 1, true), count);
  const scale = tf.maximum(tf.sqrt(variance), SMALLEST_SCALE);
  return tf.expandDims(tf.mul(tf.mul(scale, multiple), temperature), 2);
}

/** Softmax over the real columns; rows beyond the real items are 0. */
function softRows(logits: tf.Tensor, mask: tf.Tensor | undefined): tf.Tensor {
  if (mask === undefined) return tf.softmax(logits);
  const columns = tf.tile(tf.expandDims(mask, 1), [1, mask.shape[1]!, 1]);
  const soft = tf.softmax(fillPadding(logits, columns));
  const places = tf.range(1, mask.shape[1]! + 1, 1, "float32");
  const rows = tf.cast(tf.lessEqual(tf.expandDims(places, 0), realCount(mask, mask)), "float32");
  return tf.mul(soft, tf.expandDims(rows, 2));
}
