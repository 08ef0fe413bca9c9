// B = lists, N = candidates of a list, R = B * N rows, D = input width, O = outputs
import * as tf from "@tensorflow/tfjs";
import type { Values } from "../engine/parameters.ts";
import { applyDense, type DenseLayer } from "../nn/dense.ts";

/** The input of a ranker over lists, whose parts of the user are kept once a list. */
export type AffineOfInput = (layer: Values<DenseLayer>) => tf.Tensor;

/**
 * Affine layers over parts side by side, of which some belong to a list [B, d] and some to its candidates [B, N, d]:
 *
 *     [u, c] W + b = c W_c + (u W_u + b)
 *
 * so that the part of the list is multiplied once and not N times.
 *
 * @returns [R, O] of a layer with kernel [D, O].
 */
export function affineOfLists(parts: readonly tf.Tensor[]): AffineOfInput {
  const ofLists = tf.concat(
    parts.filter((part) => part.rank === 2),
    1,
  ) as tf.Tensor2D;
  const candidates = tf.concat(
    parts.filter((part) => part.rank === 3),
    2,
  );
  const [lists, length, width] = candidates.shape as [number, number, number];
  const ofRows = tf.reshape(candidates, [lists * length, width]);
  return ({ kernel, bias }) => {
    const kernels = splitKernel(kernel!, parts);
    const shared = applyDense({ kernel: kernels.ofLists, bias: bias! }, ofLists);
    const own = tf.reshape(tf.matMul(ofRows as tf.Tensor2D, kernels.ofRows as tf.Tensor2D), [lists, length, -1]);
    return tf.reshape(tf.add(own, tf.expandDims(shared, 1)), [lists * length, -1]);
  };
}

/** Rows of a kernel [D, O] that belong to the parts of lists, and those that belong to the parts of candidates. */
function splitKernel(kernel: tf.Tensor, parts: readonly tf.Tensor[]): { ofLists: tf.Tensor; ofRows: tf.Tensor } {
  const runs: { rank: number; width: number }[] = [];
  for (const { rank, shape } of parts) {
    const last = runs.at(-1);
    if (last?.rank === rank) last.width += shape.at(-1)!;
    else runs.push({ rank, width: shape.at(-1)! });
  }
  const pieces = tf.split(
    kernel,
    runs.map(({ width }) => width),
    0,
  );
  const joined = (rank: number): tf.Tensor => {
    const chosen = pieces.filter((_, i) => runs[i]!.rank === rank);
    return chosen.length === 1 ? chosen[0]! : tf.concat(chosen, 0);
  };
  return { ofLists: joined(2), ofRows: joined(3) };
}
