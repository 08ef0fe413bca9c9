// R = rows, S = student width, T = teacher width
import type * as tf from "@tensorflow/tfjs";
import type { Noise } from "../../engine/noise.ts";
import { ConfigError } from "../../errors.ts";
import { applyDense } from "../../nn/dense.ts";
import { distillationExperts } from "../losses/distillation-experts.ts";
import { hintCosine, hintMse } from "../losses/hint.ts";
import type { Temperature } from "../temperature.ts";
import type { TermValues } from "./term-parameters.ts";

/** A loss between layers by name. */
export type LatentSpec =
  | { readonly kind: "hint-mse" | "hint-cosine"; readonly stopTeacherGradient?: boolean | undefined }
  | { readonly kind: "distillation-experts" };

export interface LatentInputs {
  /** [R, S] */
  readonly student: tf.Tensor;
  /** [R, T] */
  readonly teacher: tf.Tensor;
  /** The term's projection or experts. */
  readonly values: TermValues;
  readonly temperature?: Temperature | undefined;
  readonly noise: Noise;
  /** Name of the term's noise in the step. */
  readonly site: string;
}

/**
 * Losses of a term between layers: [R].
 *
 * @throws {ConfigError} the term's experts are missing.
 */
export function latentLosses(spec: LatentSpec, inputs: LatentInputs): tf.Tensor {
  const { student, teacher, values, temperature = 1, noise, site } = inputs;
  if (spec.kind === "distillation-experts") {
    if (values.experts === undefined)
      throw new ConfigError(
        `latentLosses: values of "${site}" must hold its experts, got none; make them by termParameters`,
      );
    const gumbel = noise.gumbel(site, [student.shape[0]!, values.experts.experts.length]);
    return distillationExperts(values.experts, student, teacher, { gumbel, temperature });
  }
  const projected = values.projection === undefined ? student : applyDense(values.projection, student);
  const { stopTeacherGradient = true } = spec;
  return (spec.kind === "hint-mse" ? hintMse : hintCosine)(projected, teacher, { stopTeacherGradient });
}
