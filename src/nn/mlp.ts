import * as tf from "@tensorflow/tfjs";
import type { Values } from "../engine/parameters.ts";
import { applyDense, type DenseLayer, denseLayer, type ParameterScope, subscope } from "./dense.ts";

/** Affine layers in sequence. */
export type Mlp = readonly DenseLayer[];

/** @param units - width of each layer; empty gives the identity. */
export function mlp(scope: ParameterScope, inputs: number, units: readonly number[]): Mlp {
  const widths = [inputs, ...units];
  return units.map((outputs, i) => denseLayer(subscope(scope, String(i)), widths[i]!, outputs));
}

/** Layers with relu between them; the last one is affine unless `activateLast`. @param x - [B, inputs]. */
export function applyMlp(
  layers: Values<Mlp>,
  x: tf.Tensor,
  options: { readonly activateLast?: boolean } = {},
): tf.Tensor {
  return layers.reduce((h: tf.Tensor, layer, i) => {
    const affine = applyDense(layer, h);
    return i < layers.length - 1 || options.activateLast ? tf.relu(affine) : affine;
  }, x);
}
