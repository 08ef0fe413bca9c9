// B = rows or lists, N = items a list
import type * as tf from "@tensorflow/tfjs";
import type { Noise } from "../../engine/noise.ts";
import type { Temperature } from "../temperature.ts";

/** What a loss of one's own may use beside the scores. */
export interface OwnLossInputs {
  /** [B, N] 1 for real items; undefined where a row has its own item alone. */
  readonly mask: tf.Tensor | undefined;
  readonly temperature: Temperature;
  /** Random numbers that are the same on every runtime; use `site` in the name of each draw. */
  readonly noise: Noise;
  readonly site: string;
  /** The term's `options`, as the configuration gives them. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * A loss that a program brings along: a function like those of the library, captured and replayed like them. It must be
 * made of tensor operations alone: reading a tensor's values ends the capture with an error.
 *
 * @param studentLogits - [B] or [B, N]. @param teacherLogits - same shape; held constant but where the term's
 *   stopTeacherGradient is false.
 * @returns losses of the same shape, or [B] for lists.
 */
export type OwnLoss = (studentLogits: tf.Tensor, teacherLogits: tf.Tensor, inputs: OwnLossInputs) => tf.Tensor;

/** Losses of one's own by name. */
export type OwnLosses = Readonly<Record<string, OwnLoss>>;
