// B = lists, N = items a list
import type * as tf from "@tensorflow/tfjs";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { assertTemperature, soften, type TemperatureOptions } from "../temperature.ts";
import { assertLists, comparable, fillPadding, type ListOptions } from "./list-mask.ts";

/** Options of the losses that compare two softmax distributions over a list. */
export interface SoftTargetOptions extends ListOptions, TemperatureOptions {
  /** Holds the teacher constant. Default true. */
  readonly stopTeacherGradient?: boolean;
}

/** Both models' logits as a softmax loss takes them. */
export interface SoftTarget {
  /** [B, N] softened, padding at a logit that has no probability. */
  readonly student: tf.Tensor;
  readonly teacher: tf.Tensor;
  /** [B, 1] 1 where the list has a comparable pair, else 0. */
  readonly counts: tf.Tensor;
}

/** Checks, softens and masks both models' logits. */
export function softTarget(
  where: string,
  studentLogits: tf.Tensor,
  teacherLogits: tf.Tensor,
  { mask, temperature = 1, stopTeacherGradient = true }: SoftTargetOptions,
): SoftTarget {
  assertLists(where, mask, ["studentLogits", studentLogits], ["teacherLogits", teacherLogits]);
  assertTemperature(where, temperature);
  const constant = stopGradient(teacherLogits);
  return {
    student: fillPadding(soften(studentLogits, temperature), mask),
    teacher: fillPadding(soften(stopTeacherGradient ? constant : teacherLogits, temperature), mask),
    counts: comparable(constant, mask),
  };
}
