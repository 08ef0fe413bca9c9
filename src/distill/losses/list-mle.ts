// B = lists, N = items a list
import * as tf from "@tensorflow/tfjs";
import { assertLists, comparable, fillPadding, type ListOptions, realCount } from "../lists/list-mask.ts";
import { orderOf, putInOrder, takeInOrder } from "../lists/list-order.ts";
import { plackettLuce } from "../lists/plackett-luce.ts";
import { type PositionWeights, positionWeights } from "../lists/position-weights.ts";
import { assertTemperature, soften, type Temperature } from "../temperature.ts";
import { assertTopK } from "./position-weighted.ts";

export interface ListMleOptions extends ListOptions {
  /** Only the first `topK` places of the teacher's order are drawn; all items stay in the sums. Default: all. */
  readonly topK?: number;
  /** Weight of each place: position-aware ListMLE. Default equal. */
  readonly positionWeights?: PositionWeights;
  /** Divides the student's logits; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Negative log-likelihood of the teacher's order under the student's Plackett-Luce model.
 *
 *     L = sum_{k <= K} w_k [ log sum_{j >= k} exp(s_j / T) - s_k / T ],  items in the teacher's order
 *
 * dL/ds_j = [ sum_{k <= min(j, K)} w_k exp(s_j / T - l_k) - w_j ] / T with l_k the log-sum of place k. Only the order of the
 * teacher's scores counts; ties keep the order of the list.
 *
 * @param studentLogits - [B, N].
 * @param teacherScores - [B, N] any scores, higher is better; for ranks pass their negatives. Held constant.
 * @returns [B] nats, >= 0; 0 for a list without a comparable pair.
 * @throws {ShapeError} the tensors do not have one shape [B, N]. @throws {ConfigError} an option out of range.
 *
 * @example
 * const loss = listMle(tf.tensor2d([[2, 0.5, -1, 0]]), tf.tensor2d([[1.5, -0.5, 0, 1]]), { topK: 2 });
 * loss.arraySync(); // [1.4465]
 *
 * Source: Xia et al. (ICML 2008), section 4; position weights: Lan et al. (UAI 2014), section 3; top K: Xia et al.
 * (NeurIPS 2009), section 4.
 */
export function listMle(studentLogits: tf.Tensor, teacherScores: tf.Tensor, options: ListMleOptions = {}): tf.Tensor1D {
  const { mask, temperature = 1 } = options;
  assertLists("listMle", mask, ["studentLogits", studentLogits], ["teacherScores", teacherScores]);
  assertTemperature("listMle", temperature);
  assertTopK("listMle", options.topK);
  return tf.tidy(() => {
    const student = fillPadding(soften(studentLogits, temperature), mask);
    const weights = placeWeights("listMle", studentLogits, options);
    const losses = plackettLuce(...drawnFirst(student, weights, teacherScores, options));
    return tf.mul(losses, tf.squeeze(comparable(teacherScores, mask), [1]));
  }) as tf.Tensor1D;
}

/** [B, P] logits in the teacher's order, and their weights: beyond topK all items are one, that stands for their sum. */
function drawnFirst(
  student: tf.Tensor,
  weights: tf.Tensor,
  teacherScores: tf.Tensor,
  { mask, topK }: Pick<ListMleOptions, "mask" | "topK">,
): readonly [ordered: tf.Tensor, weights: tf.Tensor] {
  const [lists, length] = student.shape as [number, number];
  if (topK === undefined || topK + 1 >= length) return [takeInOrder(student, orderOf(teacherScores, mask)), weights];
  const order = orderOf(teacherScores, mask, topK);
  const first = putInOrder(tf.ones([lists, topK]), order, student.shape);
  const rest = tf.logSumExp(fillPadding(student, tf.sub(1, first)), 1, true);
  return [tf.concat([takeInOrder(student, order), rest], 1), tf.slice(weights, [0, 0], [lists, topK + 1])];
}

/** [B, N] weight of each place of a list: 0 beyond topK and beyond the real items. */
export function placeWeights(
  where: string,
  logits: tf.Tensor,
  { mask, topK, positionWeights: spec = { kind: "equal" } }: Pick<ListMleOptions, "mask" | "topK" | "positionWeights">,
): tf.Tensor {
  const [lists, length] = logits.shape as [number, number];
  const places = tf.expandDims(tf.range(1, length + 1, 1, "float32"), 0);
  const last = tf.minimum(realCount(logits, mask), topK ?? length);
  const used = tf.cast(tf.lessEqual(tf.tile(places, [lists, 1]), last), "float32");
  return tf.mul(used, positionWeights(where, places, spec));
}
