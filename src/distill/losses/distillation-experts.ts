// B = rows, S = student width, T = teacher width, M = experts
import * as tf from "@tensorflow/tfjs";
import type { Values } from "../../engine/parameters.ts";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { ConfigError } from "../../errors.ts";
import { applyDense, type DenseLayer, denseLayer, type ParameterScope, subscope } from "../../nn/dense.ts";
import { applyMlp, type Mlp, mlp } from "../../nn/mlp.ts";
import { assertShape } from "../../nn/shape.ts";
import { assertTemperature, type Temperature } from "../temperature.ts";

export interface DistillationExpertsConfig {
  readonly studentWidth: number;
  readonly teacherWidth: number;
  /** Experts M; >= 1. */
  readonly experts: number;
}

/** The experts E_m and what selects among them. */
export interface ExpertParameters {
  readonly selection: DenseLayer;
  readonly experts: readonly Mlp[];
  readonly [name: string]: DenseLayer | readonly Mlp[];
}

export interface DistillationExpertsOptions {
  /** [B, M] standard Gumbel noise, `noise.gumbel(...)` of the step; without it the selection is a plain softmax. */
  readonly gumbel?: tf.Tensor;
  /** Softness of the selection, annealed from 1 towards 0; > 0. Default 1. */
  readonly temperature?: Temperature;
}

/**
 * Parameters of the distillation experts: M perceptrons of widths S, (S + T) / 2, T with relu between, and the selection.
 *
 * @throws {ConfigError} a width or the number of experts is not a whole number >= 1.
 */
export function distillationExpertParameters(
  scope: ParameterScope,
  { studentWidth, teacherWidth, experts }: DistillationExpertsConfig,
): ExpertParameters {
  for (const [name, value] of Object.entries({ studentWidth, teacherWidth, experts }))
    if (!(Number.isInteger(value) && value >= 1))
      throw new ConfigError(`distillationExpertParameters: ${name} must be a whole number >= 1, got ${value}`);
  const hidden = Math.floor((studentWidth + teacherWidth) / 2);
  return {
    selection: denseLayer(subscope(scope, "selection"), teacherWidth, experts),
    experts: Array.from({ length: experts }, (_, m) =>
      mlp(subscope(scope, `experts/${m}`), studentWidth, [hidden, teacherWidth]),
    ),
  };
}

/**
 * Distillation experts: the student's layer, through the expert that the teacher's layer selects, should be the
 * teacher's layer.
 *
 *     L = || h_T - sum_m s_m E_m(h_S) ||^2,  s = softmax( (log softmax(W h_T) + g) / tau ),  g Gumbel noise
 *
 * dL/dE = -2 s_m (h_T - sum), and so on into the experts, the student's layer and the selection; h_T is a constant.
 *
 * @param values - of distillationExpertParameters.
 * @param studentLayer - [B, S]. @param teacherLayer - [B, T], held constant.
 * @returns [B], >= 0.
 * @throws {ShapeError} the layers do not fit each other, or the noise them. @throws {ConfigError} temperature is not positive.
 *
 * Source: Kang et al. (CIKM 2020), arXiv:2012.04357, section 3.2; in the paper tau falls exponentially from 1 to 1e-10.
 */
export function distillationExperts(
  values: Values<ExpertParameters>,
  studentLayer: tf.Tensor,
  teacherLayer: tf.Tensor,
  { gumbel, temperature = 1 }: DistillationExpertsOptions = {},
): tf.Tensor1D {
  const rows = studentLayer.shape[0]!;
  const { selection, experts } = values as { selection: Values<DenseLayer>; experts: readonly Values<Mlp>[] };
  assertShape("distillationExperts", ["studentLayer", studentLayer], [rows, -1], "[B, S]");
  assertShape("distillationExperts", ["teacherLayer", teacherLayer], [rows, -1], `[B, T] with B = ${rows}`);
  if (gumbel)
    assertShape(
      "distillationExperts",
      ["gumbel", gumbel],
      [rows, experts.length],
      `[B, M] = [${rows},${experts.length}]`,
    );
  assertTemperature("distillationExperts", temperature);
  return tf.tidy(() => {
    const teacher = stopGradient(teacherLayer);
    const odds = tf.logSoftmax(applyDense(selection, teacher) as tf.Tensor2D);
    const chosen_BM = tf.softmax(tf.div(gumbel === undefined ? odds : tf.add(odds, gumbel), temperature));
    const outputs_BMT = tf.stack(
      experts.map((expert) => applyMlp(expert, studentLayer)),
      1,
    );
    const mixed = tf.sum(tf.mul(outputs_BMT, tf.expandDims(chosen_BM, 2)), 1);
    return tf.sum(tf.square(tf.sub(teacher, mixed)), 1);
  }) as tf.Tensor1D;
}
