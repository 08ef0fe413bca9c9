import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../errors.ts";

/** Importance of a place in the teacher's list, by rank r = 1, 2, ... */
export type PositionWeights =
  /** 1 */
  | { readonly kind: "equal" }
  /** 1 / log2(r + 1) */
  | { readonly kind: "logarithmic" }
  /** exp(-r / decay); decay > 0 */
  | { readonly kind: "exponential"; readonly decay: number }
  /** max(0, (length + 1 - r) / length); length >= 1 */
  | { readonly kind: "linear"; readonly length: number }
  /** weights[r - 1], 0 beyond its end; each >= 0 */
  | { readonly kind: "table"; readonly weights: readonly number[] };

/**
 * The weight of each rank. Held constant.
 *
 * @param ranks - any shape, whole numbers >= 1.
 * @returns the same shape, >= 0.
 * @throws {ConfigError} a decay, length or table that no weights can be made from.
 */
export function positionWeights(where: string, ranks: tf.Tensor, spec: PositionWeights): tf.Tensor {
  assertPositionWeights(where, spec);
  const r = tf.cast(ranks, "float32");
  switch (spec.kind) {
    case "equal":
      return tf.onesLike(r);
    case "logarithmic":
      return tf.div(Math.LN2, tf.log(tf.add(r, 1)));
    case "exponential":
      return tf.exp(tf.div(r, -spec.decay));
    case "linear":
      return tf.relu(tf.div(tf.sub(spec.length + 1, r), spec.length));
    case "table": {
      const table = tf.tensor1d([...spec.weights, 0]);
      return tf.gather(table, tf.cast(tf.clipByValue(tf.sub(r, 1), 0, spec.weights.length), "int32") as tf.Tensor1D);
    }
  }
}

function assertPositionWeights(where: string, spec: PositionWeights): void {
  const fail = (rule: string, got: unknown): never => {
    throw new ConfigError(`${where}: positionWeights.${rule}, got ${String(got)}`);
  };
  if (spec.kind === "exponential" && !(spec.decay > 0)) fail("decay must be > 0", spec.decay);
  if (spec.kind === "linear" && !(spec.length >= 1)) fail("length must be >= 1", spec.length);
  if (spec.kind === "table" && !(spec.weights.length > 0 && spec.weights.every((weight) => weight >= 0)))
    fail("weights must be numbers >= 0, at least one", `[${spec.weights}]`);
}
