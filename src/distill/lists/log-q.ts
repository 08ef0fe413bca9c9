// B = users, C = columns
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";

/**
 * How logits are corrected for items that stand in a batch more often than others.
 *
 * `none`: not at all. `classic`: log q off every logit. `partial`: a share of log q off every logit. `negatives-only`: log q
 * off the negatives' logits alone.
 */
export type LogQCorrection = "none" | "classic" | "partial" | "negatives-only";

export interface LogQOptions {
  /** Natural log of each column's probability to stand in a batch: [C], or of the logits' shape. Held constant. */
  readonly logQ?: tf.Tensor | undefined;
  /** Default: classic where logQ is given, else none. */
  readonly correction?: LogQCorrection | undefined;
  /** Share of log q that `partial` takes off, in (0, 1]. Default 0.1. */
  readonly share?: number | undefined;
}

/**
 * The logits, corrected.
 *
 * @param own - [B, C] 1 for each row's positive.
 * @throws {ConfigError} a correction without log q, log q without a correction, or a share out of range.
 *
 * Source: Yi et al. (RecSys 2019), eq. 4-5 (classic); Yang et al. (WWW 2020), mixed negative sampling, eq. 5 (negatives only).
 */
export function correctLogits(
  where: string,
  logits: tf.Tensor,
  own: tf.Tensor,
  { logQ, correction = logQ === undefined ? "none" : "classic", share = 0.1 }: LogQOptions,
): tf.Tensor {
  if ((logQ === undefined) !== (correction === "none"))
    throw new ConfigError(
      `${where}: logQ must be given exactly where logits are corrected, got correction "${correction}" ` +
        `${logQ === undefined ? "without" : "with"} logQ; give the items' log frequencies, or correction "none"`,
    );
  if (!(share > 0 && share <= 1)) throw new ConfigError(`${where}: share must be in (0, 1], got ${share}`);
  if (logQ === undefined) return logits;
  const constant = stopGradient(logQ);
  const row = constant.rank === 1 ? tf.expandDims(constant, 0) : constant;
  if (correction === "classic") return tf.sub(logits, row);
  if (correction === "partial") return tf.sub(logits, tf.mul(row, share));
  return tf.sub(logits, tf.mul(row, tf.sub(1, own)));
}
