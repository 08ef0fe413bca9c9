import * as tf from "@tensorflow/tfjs";

/** Gives per-user vectors [B, d] beside candidate lists [B, N, d] the lists' shape. */
export function broadcastTogether(vectors: readonly tf.Tensor[]): readonly tf.Tensor[] {
  const list = vectors.find((x) => x.rank === 3);
  if (list === undefined) return vectors;
  const [, length] = list.shape as [number, number, number];
  return vectors.map((x) => (x.rank === 3 ? x : tf.tile(tf.expandDims(x, 1), [1, length, 1])));
}
