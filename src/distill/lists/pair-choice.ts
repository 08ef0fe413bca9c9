// B = lists, N = items a list; pair [b, i, j] stands for item i above item j
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError, ShapeError } from "../../errors.ts";
import { fillPadding, MASKED_LOGIT, realCount } from "./list-mask.ts";
import { ranksOf } from "./list-order.ts";

/** Which pairs of a list are compared, among those whose teacher scores differ. Default: all of them. */
export interface PairChoice {
  /** Least difference of the teacher's scores; >= 0. */
  readonly minTeacherGap?: number;
  /** Least difference of the teacher's ranks; >= 1. */
  readonly minRankDistance?: number;
  /** The better item is among the teacher's first `top`. */
  readonly top?: number;
  /** The worse item is among the teacher's last `tail`. */
  readonly tail?: number;
}

/** A pair loss holds one number for each pair of a list. */
const LONGEST_LIST = 256;

/**
 * [B, N, N] 1 where the teacher puts item i above item j and the choice wants the pair, else 0. Held constant.
 *
 * @throws {ShapeError} lists of more than 256 items. @throws {ConfigError} a number of the choice is out of range.
 */
export function chosenPairs(
  where: string,
  teacher: tf.Tensor,
  mask: tf.Tensor | undefined,
  choice: PairChoice,
): tf.Tensor {
  const length = teacher.shape[1]!;
  if (length > LONGEST_LIST)
    throw new ShapeError(
      `${where}: lists must have at most ${LONGEST_LIST} items, since every pair is held in memory, got ${length}; ` +
        "use a list-wise loss or shorter lists",
    );
  assertChoice(where, choice);
  // Padding is never above (lowest as i) and never below (highest as j).
  const scores = stopGradient(teacher);
  const [above, below] = [fillPadding(scores, mask), fillPadding(scores, mask, -MASKED_LOGIT)];
  const column = (x: tf.Tensor): tf.Tensor => tf.expandDims(x, 2);
  const row = (x: tf.Tensor): tf.Tensor => tf.expandDims(x, 1);
  let pairs = tf.greater(column(above), row(below));
  const { minTeacherGap, minRankDistance, top, tail } = choice;
  const require = (condition: tf.Tensor): void => {
    pairs = tf.logicalAnd(pairs, condition);
  };
  if (minTeacherGap !== undefined) require(tf.greaterEqual(tf.sub(column(above), row(below)), minTeacherGap));
  if (minRankDistance === undefined && top === undefined && tail === undefined) return tf.cast(pairs, "float32");
  const ranks = ranksOf(teacher, mask);
  if (minRankDistance !== undefined) require(tf.greaterEqual(tf.sub(row(ranks), column(ranks)), minRankDistance));
  if (top !== undefined) require(column(tf.lessEqual(ranks, top)));
  if (tail !== undefined) require(row(tf.greater(ranks, tf.sub(realCount(teacher, mask), tail))));
  return tf.cast(pairs, "float32");
}

function assertChoice(where: string, { minTeacherGap, minRankDistance, top, tail }: PairChoice): void {
  if (minTeacherGap !== undefined && !(minTeacherGap >= 0))
    throw new ConfigError(`${where}: pairs.minTeacherGap must be >= 0, got ${minTeacherGap}`);
  for (const [name, value] of Object.entries({ minRankDistance, top, tail }))
    if (value !== undefined && !(Number.isInteger(value) && value >= 1))
      throw new ConfigError(`${where}: pairs.${name} must be a whole number >= 1, got ${value}`);
}

/**
 * The hardest share of each list's pairs: those whose loss is at least that of pair number ceil(fraction * pairs).
 *
 * @param losses - [B, N, N], >= 0. @param pairs - [B, N, N] 1 for pairs that count.
 * @returns [B, N, N] 1 for the pairs that are kept; pairs that tie with the last one kept are kept too.
 */
export function hardestPairs(losses: tf.Tensor, pairs: tf.Tensor, fraction: number): tf.Tensor {
  const [lists, length] = losses.shape as [number, number, number];
  const flat = (x: tf.Tensor): tf.Tensor2D => tf.reshape(x, [lists, length * length]);
  const counted = tf.where(tf.greater(flat(pairs), 0), flat(losses), tf.fill([lists, length * length], -1));
  const most = Math.max(1, Math.ceil((fraction * length * (length - 1)) / 2));
  const sorted = tf.topk(counted as tf.Tensor2D, most).values;
  // 10 pairs times a float32 0.3 is a little above 3: that is no reason to keep 4.
  const kept = tf.ceil(tf.sub(tf.mul(tf.sum(flat(pairs), 1, true), fraction), 1e-4));
  const last = tf.equal(tf.expandDims(tf.range(1, most + 1, 1, "float32"), 0), kept);
  const threshold = tf.sum(tf.mul(sorted, tf.cast(last, "float32")), 1, true);
  const hard = tf.logicalAnd(tf.greaterEqual(counted, threshold), tf.greater(flat(pairs), 0));
  return tf.reshape(tf.cast(hard, "float32"), losses.shape);
}
