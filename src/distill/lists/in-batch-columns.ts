// B = users of the batch, C >= B columns: item j < B is the positive of user j, the others are more negatives
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError, ShapeError } from "../../errors.ts";
import { assertShape } from "../../nn/shape.ts";
import { fillPadding, MASKED_LOGIT, zeroPadding } from "./list-mask.ts";

/** Which columns of a batch are negatives of which user. */
export interface InBatchOptions {
  /** [B, C] 1 where a column is a known positive of the user, or the same item: no negative. The diagonal is ignored. */
  readonly known?: tf.Tensor | undefined;
  /** [B] 0 for padded rows: their loss is 0 and their items are nobody's negatives. */
  readonly mask?: tf.Tensor1D | undefined;
  /** [C - B] 0 for extra columns that hold nothing. Default: all are real. */
  readonly extraMask?: tf.Tensor1D | undefined;
}

/** The parts of a batch's score matrix. */
export interface InBatchColumns {
  /** [B, C] 1 for each user's own item. */
  readonly own: tf.Tensor;
  /** [B, C] 1 for its negatives. */
  readonly negatives: tf.Tensor;
}

/** @throws {ShapeError} fewer columns than rows, or an option that does not fit them. */
export function inBatchColumns(where: string, logits: tf.Tensor, options: InBatchOptions): InBatchColumns {
  const { known, mask, extraMask } = options;
  const [rows = 0, columns = 0] = logits.shape;
  if (logits.rank !== 2 || columns < rows)
    throw new ShapeError(
      `${where}: logits must be [B, C] with C >= B, item j the positive of user j, got [${logits.shape}]`,
    );
  if (known) assertShape(where, ["known", known], [rows, columns], `[B, C] = [${rows},${columns}]`);
  if (mask) assertShape(where, ["mask", mask], [rows], `[B] = [${rows}]`);
  if (extraMask) assertShape(where, ["extraMask", extraMask], [columns - rows], `[C - B] = [${columns - rows}]`);
  const own = tf.pad(tf.eye(rows), [
    [0, 0],
    [0, columns - rows],
  ]);
  let negatives: tf.Tensor = tf.sub(1, own);
  if (known) negatives = tf.mul(negatives, tf.sub(1, stopGradient(known)));
  if (mask || extraMask) {
    const real = tf.concat([mask ?? tf.ones([rows]), extraMask ?? tf.ones([columns - rows])], 0);
    negatives = zeroPadding(negatives, tf.expandDims(real, 0));
  }
  return { own, negatives };
}

/** [B] the scores of each user's own item. */
export function ownScores(logits: tf.Tensor, { own }: InBatchColumns): tf.Tensor1D {
  return tf.sum(tf.mul(logits, own), 1);
}

/**
 * The `count` negatives of each row with the highest scores; ties with the last of them are kept too. Held constant.
 *
 * @param negatives - [B, C] 1 for negatives. @returns [B, C] 1 for those that are kept.
 * @throws {ConfigError} count is not a whole number >= 1.
 */
export function hardestNegatives(where: string, scores: tf.Tensor, negatives: tf.Tensor, count: number): tf.Tensor {
  if (!(Number.isInteger(count) && count >= 1))
    throw new ConfigError(`${where}: hardest must be a whole number >= 1, got ${count}`);
  const places = Math.min(count, scores.shape[1]!);
  const open = fillPadding(stopGradient(scores), negatives, MASKED_LOGIT);
  const last = tf.slice(tf.topk(open as tf.Tensor2D, places).values, [0, places - 1], [scores.shape[0]!, 1]);
  return tf.mul(tf.cast(tf.greaterEqual(open, last), "float32"), negatives);
}
