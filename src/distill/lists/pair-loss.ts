// B = lists, N = items a list; [b, i, j] stands for the pair of item i above item j
import * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { closedForm } from "../closed-form.ts";
import { assertLists, fillPadding, type ListOptions } from "./list-mask.ts";
import { chosenPairs, hardestPairs, type PairChoice } from "./pair-choice.ts";

/** Options of every loss over the pairs of a list. */
export interface PairOptions extends ListOptions {
  /** Which pairs are compared. Default: all whose teacher scores differ. */
  readonly pairs?: PairChoice;
  /** Keeps the share of each list's pairs with the highest losses; in (0, 1]. Default 1. */
  readonly hardestFraction?: number;
  /** Mean or sum over the pairs of a list. Default mean. */
  readonly reduction?: "mean" | "sum";
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/** A loss of one pair, in closed form. */
export interface PairFormula {
  /** Of the student's gap s_i - s_j and the teacher's t_i - t_j, which is undefined unless `usesTeacherGap`. */
  readonly value: (gap: tf.Tensor, teacherGap: tf.Tensor | undefined) => tf.Tensor;
  /** dL / d gap. */
  readonly slope: (gap: tf.Tensor, teacherGap: tf.Tensor | undefined) => tf.Tensor;
  /** dL / d teacherGap; 0 where there is none. */
  readonly teacherSlope?: (gap: tf.Tensor, teacherGap: tf.Tensor) => tf.Tensor;
}

/**
 * Mean (or sum) of a pair formula over the chosen pairs of each list.
 *
 * @returns [B]; 0 for a list without a chosen pair.
 */
export function pairLoss(
  where: string,
  studentLogits: tf.Tensor,
  teacherScores: tf.Tensor,
  formula: PairFormula,
  options: PairOptions,
): tf.Tensor1D {
  const { mask, pairs: choice = {}, hardestFraction = 1, reduction = "mean", stopTeacherGradient = true } = options;
  assertLists(where, mask, ["studentLogits", studentLogits], ["teacherScores", teacherScores]);
  if (!(hardestFraction > 0 && hardestFraction <= 1))
    throw new ConfigError(`${where}: hardestFraction must be in (0, 1], got ${hardestFraction}`);
  const usesTeacher = formula.teacherSlope !== undefined;
  const movesTeacher = usesTeacher && !stopTeacherGradient;
  return tf.tidy(() => {
    const constant = stopGradient(teacherScores);
    const wanted = chosenPairs(where, constant, mask, choice);
    const student = fillPadding(studentLogits, mask, 0);
    const teacher = fillPadding(movesTeacher ? teacherScores : constant, mask, 0);
    return closedForm({
      inputs: movesTeacher ? [student, teacher] : [student],
      constants: movesTeacher ? [wanted] : [wanted, teacher],
      forward: ([s, t], [chosen, held]) => {
        const gap = differences(s!);
        const teacherGap = usesTeacher ? differences((t ?? held)!) : undefined;
        const losses = tf.mul(formula.value(gap, teacherGap), chosen!);
        const kept = hardestFraction < 1 ? hardestPairs(losses, chosen!, hardestFraction) : chosen!;
        const count = tf.maximum(tf.sum(kept, [1, 2]), 1);
        const share = reduction === "mean" ? tf.div(1, count) : tf.onesLike(count);
        const total = tf.sum(kept === chosen ? losses : tf.mul(losses, kept), [1, 2]);
        return { value: tf.mul(total, share), saved: [gap, kept, share, ...(teacherGap ? [teacherGap] : [])] };
      },
      gradients: (dy, [gap, kept, share, teacherGap]) => {
        const upstream = tf.expandDims(tf.mul(dy, share!), 1);
        const spread = (slope: tf.Tensor): tf.Tensor => {
          const slopes = tf.mul(slope, kept!);
          return tf.mul(upstream, tf.sub(tf.sum(slopes, 2), tf.sum(slopes, 1)));
        };
        const own = spread(formula.slope(gap!, teacherGap));
        return movesTeacher ? [own, spread(formula.teacherSlope!(gap!, teacherGap!))] : [own];
      },
    });
  }) as tf.Tensor1D;
}

/** [B, N, N] x_i - x_j. */
function differences(x: tf.Tensor): tf.Tensor {
  return tf.sub(tf.expandDims(x, 2), tf.expandDims(x, 1));
}
