// B = rows, C = levels of feedback, from the commonest (click) to the rarest (like, purchase)
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { assertSameShape, assertShape } from "../../nn/shape.ts";
import { logOneMinusExp, logSigmoid } from "../log-space.ts";
import { binaryCrossEntropy } from "./binary-cross-entropy.ts";

export interface OrdinalLevelsOptions {
  /** gamma > 0: factor of the cosines; below the gap of every two neighbouring thresholds. */
  readonly scale: number;
  /** Share of positives at each level, in (0, 1), falling. */
  readonly rates: readonly number[];
  /**
   * Takes a larger scale than that. Where a rarer level then comes out likelier than a commoner one, log(p_0 - p_1) stands
   * at log(1e-37), without a gradient. Default false.
   */
  readonly allowCrossing?: boolean;
}

/**
 * Nested ordinal regression over levels of feedback in one embedding space.
 *
 *     l_c = gamma sum_{t <= c} cos_t - a_c,  a_c = -log( rate_c / (1 - rate_c) ),  p_c = sigmoid(l_c)
 *     L = BCE(y_0, p_0) - sum over neighbouring levels [ (1 - y_0) log(1 - p_0) + (y_0 - y_1) log(p_0 - p_1) + y_1 log p_1 ]
 *
 * With one level it is the cross-entropy of sigmoid(gamma cos - a). p_0 - p_1 is taken in log space, never as a difference.
 *
 * @param cosines - [B, C] of each level's own pair of vectors.
 * @param labels - [B, C] 0 or 1, never rising with the level; held constant.
 * @returns [B] nats, >= 0.
 * @throws {ShapeError} the two are no [B, C] with C levels.
 * @throws {ConfigError} rates that do not fall, or a scale that lets a rarer level be likelier than a commoner one.
 *
 * @example
 * const [cosines, options] = [tf.tensor2d([[0.6, 0.2]]), { scale: 2, rates: [0.3, 0.05] }];
 * ordinalLevels(cosines, tf.tensor2d([[1, 0]]), options).arraySync(); // [1.4986]
 *
 * Source: "Embed Progressive Implicit Preference in Unified Space" (KDD 2025), arXiv:2505.20900 (GNOLR).
 */
export function ordinalLevels(cosines: tf.Tensor, labels: tf.Tensor, options: OrdinalLevelsOptions): tf.Tensor1D {
  const levels = options.rates.length;
  const thresholds = ordinalThresholds(options);
  assertShape("ordinalLevels", ["cosines", cosines], [-1, levels], `[B, C] with C = ${levels}, one a rate`);
  assertSameShape("ordinalLevels", ["cosines", cosines], ["labels", labels]);
  return tf.tidy(() => {
    const biases = tf.tensor1d(thresholds);
    const logits = tf.sub(tf.mul(tf.cumsum(cosines, 1), options.scale), biases);
    const y = tf.unstack(stopGradient(labels), 1);
    const l = tf.unstack(logits, 1);
    let loss = binaryCrossEntropy(l[0]!, y[0]!) as tf.Tensor;
    for (let c = 0; c + 1 < levels; c++) {
      const [upper, lower] = [logSigmoid(l[c]!), logSigmoid(l[c + 1]!)];
      const between = tf.add(upper, logOneMinusExp(tf.sub(lower, upper)));
      const none = logSigmoid(tf.neg(l[c]!));
      const terms = [
        tf.mul(tf.sub(1, y[c]!), none),
        tf.mul(tf.sub(y[c]!, y[c + 1]!), between),
        tf.mul(y[c + 1]!, lower),
      ];
      loss = tf.sub(loss, tf.addN(terms));
    }
    return loss;
  }) as tf.Tensor1D;
}

/**
 * The thresholds a_c of the levels.
 *
 * @throws {ConfigError} rates that do not fall, or a scale that is not below the smallest gap of two thresholds.
 */
export function ordinalThresholds({ scale, rates, allowCrossing = false }: OrdinalLevelsOptions): number[] {
  if (!(rates.length >= 1 && rates.every((rate, c) => rate > 0 && rate < 1 && (c === 0 || rate < rates[c - 1]!))))
    throw new ConfigError(`ordinalLevels: rates must fall and lie in (0, 1), got [${rates}]`);
  const thresholds = rates.map((rate) => -Math.log(rate / (1 - rate)));
  const gap = Math.min(...thresholds.slice(1).map((a, c) => a - thresholds[c]!));
  if (!(scale > 0 && (scale < gap || allowCrossing)))
    throw new ConfigError(
      `ordinalLevels: scale must be > 0 and below ${gap.toFixed(3)}, the smallest gap of two thresholds, got ${scale}; ` +
        "otherwise a rarer level may come out likelier than a commoner one",
    );
  return thresholds;
}
