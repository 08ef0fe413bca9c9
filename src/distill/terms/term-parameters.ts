import type * as tf from "@tensorflow/tfjs";
import type { DenseParameter, ParameterTree, Values } from "../../engine/parameters.ts";
import { type DenseLayer, denseLayer, type ParameterScope, subscope } from "../../nn/dense.ts";
import { distillationExpertParameters, type ExpertParameters } from "../losses/distillation-experts.ts";

/** What a term learns beside the models. */
export interface TermNeeds {
  /** log sigma^2 of a weight by uncertainty: its first value. */
  readonly logVariance?: number | undefined;
  /** A factor and an offset of the student's scores. */
  readonly scaleStudent?: boolean | undefined;
  /** The balance of adaptive-ranking. */
  readonly alpha?: boolean | undefined;
  /** A map of the student's layer to the teacher's width. */
  readonly projection?: LayerWidths | undefined;
  readonly experts?: (LayerWidths & { readonly count: number }) | undefined;
}

export interface LayerWidths {
  readonly studentWidth: number;
  readonly teacherWidth: number;
}

/** Parameters of one term; what it does not need is absent. */
export interface TermParameters {
  readonly logVariance?: DenseParameter;
  readonly scale?: DenseParameter;
  readonly offset?: DenseParameter;
  readonly alpha?: DenseParameter;
  readonly projection?: DenseLayer;
  readonly experts?: ExpertParameters;
  readonly [name: string]: ParameterTree;
}

/** A term's parameters as tensors. */
export interface TermValues {
  readonly logVariance?: tf.Scalar;
  readonly scale?: tf.Scalar;
  readonly offset?: tf.Scalar;
  readonly alpha?: tf.Scalar;
  readonly projection?: Values<DenseLayer>;
  readonly experts?: Values<ExpertParameters>;
}

/** The parameters that a term needs, under the scope's name and in its optimiser group. */
export function termParameters(scope: ParameterScope, needs: TermNeeds): TermParameters {
  const { logVariance, scaleStudent, alpha, projection, experts } = needs;
  const scalar = (name: string, value: number): DenseParameter => ({
    kind: "dense",
    name: `${scope.name}/${name}`,
    shape: [],
    initialiser: { kind: "constant", value },
    group: scope.group,
  });
  return {
    ...(logVariance !== undefined && { logVariance: scalar("logVariance", logVariance) }),
    ...(scaleStudent && { scale: scalar("scale", 1), offset: scalar("offset", 0) }),
    ...(alpha && { alpha: scalar("alpha", 1) }),
    ...(projection && {
      projection: denseLayer(subscope(scope, "projection"), projection.studentWidth, projection.teacherWidth),
    }),
    ...(experts && {
      experts: distillationExpertParameters(subscope(scope, "experts"), { ...experts, experts: experts.count }),
    }),
  };
}
