import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../engine/noise.ts";

/** Inverted dropout; the identity without noise (outside training) or at rate 0. @param rate - in [0, 1). */
export function dropout(x: tf.Tensor, rate: number, site: string, noise: Noise | undefined): tf.Tensor {
  return noise === undefined || rate === 0 ? x : tf.mul(x, noise.dropoutMask(site, x.shape, rate));
}
