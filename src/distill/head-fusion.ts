import * as tf from "@tensorflow/tfjs";
import { ConfigError, ShapeError } from "../errors.ts";
import { assertSameShape } from "../nn/shape.ts";
import { logOneMinusExp, logSigmoid } from "./log-space.ts";

/** A head's logits and the exponent of its probability. */
export interface FusedHead {
  readonly name: string;
  readonly logits: tf.Tensor;
  /** >= 0. */
  readonly exponent: number;
}

/**
 * One logit of several heads: that of prod_k sigmoid(z_k)^a_k, in log space.
 *
 *     log P = sum_k a_k log sigmoid(z_k),   z = log P - log(1 - P);   dz/dz_k = a_k sigmoid(-z_k) / (1 - P)
 *
 * @returns the heads' shape; finite (log(1 - P) stands at log(1e-37) where P is 1).
 * @throws {ShapeError} no head, or heads of different shapes. @throws {ConfigError} a negative exponent, or all are 0.
 *
 * Source: the fusion rule of multi-task rankers, score = prod p_k^a_k.
 */
export function fuseHeads(heads: readonly FusedHead[]): tf.Tensor {
  const wrong = heads.find(({ exponent }) => !(exponent >= 0 && Number.isFinite(exponent)));
  if (wrong !== undefined)
    throw new ConfigError(`fuseHeads: exponent of "${wrong.name}" must be a finite number >= 0, got ${wrong.exponent}`);
  const used = heads.filter(({ exponent }) => exponent > 0);
  if (heads.length === 0) throw new ShapeError("fuseHeads: heads must be at least one, got none");
  if (used.length === 0) throw new ConfigError("fuseHeads: one exponent must be above 0, got 0 for every head");
  assertSameShape("fuseHeads", ...heads.map(({ name, logits }) => [name, logits] as const));
  return tf.tidy(() => {
    const terms = used.map(({ logits, exponent }) => tf.mul(logSigmoid(logits), exponent));
    const logP = terms.reduce((sum, term) => tf.add(sum, term));
    return tf.sub(logP, logOneMinusExp(logP));
  });
}
