import type * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { strict, unknownChoice } from "../../config-schema.ts";
import type { FeatureSpec } from "../../data/dataset.ts";
import { binaryCrossEntropy } from "../../distill/losses/binary-cross-entropy.ts";
import type { Noise } from "../../engine/noise.ts";
import type { ParameterTree, Values } from "../../engine/parameters.ts";
import type { TensorBatch } from "../../engine/step.ts";
import type { ParameterScope } from "../../nn/dense.ts";
import type { EncoderOptions } from "../../nn/features.ts";
import { type DssmParameters, dssm } from "../../student/dssm.ts";
import { type MlpRankerParameters, mlpRanker } from "../../teacher/mlp-ranker.ts";
import { type MmoeParameters, mmoe } from "../../teacher/mmoe.ts";
import { embeddings, studentConfig, teacherConfig } from "../config/model-config.ts";
import { selectFeatures } from "../models.ts";

const dssmStage = studentConfig.omit({ losses: true });
const mmoeStage = teacherConfig.omit({ labels: true });
const mlpStage = strict({
  kind: z.literal("mlp"),
  features: z.array(z.string()).min(1).optional().describe("Columns it sees; default: all."),
  embeddings,
  units: z.array(z.int().min(1)).default([32]).describe("Hidden widths."),
  inputDropout: z.number().min(0).lt(1).default(0),
});

/** The model of one stage of a cascade. */
export const stageModelConfig = z.discriminatedUnion(
  "kind",
  [dssmStage, mlpStage, mmoeStage],
  unknownChoice(["dssm", "mlp", "mmoe"], "kind"),
);
export type StageModelConfig = z.infer<typeof stageModelConfig>;

/** Labels that stages learn from: a click, and a click with a conversion. */
export interface StageLabels {
  readonly click: string;
  readonly conversion: string;
}

/** Logits of a pair, [B] or [B, N] for lists: `ctcvr` ranks; a model with several heads has more. */
export type StageOutputs = Readonly<{ ctcvr: tf.Tensor; ctr?: tf.Tensor }>;

/** A stage's model as the cascade sees it. */
export interface StageModel {
  readonly name: string;
  readonly parameters: ParameterTree;
  readonly forward: (values: Values<ParameterTree>, batch: TensorBatch, noise?: Noise) => StageOutputs;
  /** Unreduced losses on real labels, each with its weight. */
  readonly hardLosses: (
    outputs: StageOutputs,
    batch: TensorBatch,
  ) => readonly { readonly weight: number; readonly loss: tf.Tensor }[];
  /** Only of two-tower models: the vectors that its index holds. */
  readonly towers?: {
    readonly users: (values: Values<ParameterTree>, batch: TensorBatch) => tf.Tensor;
    readonly items: (values: Values<ParameterTree>, batch: TensorBatch) => tf.Tensor;
  };
}

/** Builds the model of a stage; its parameters and its optimiser group have the stage's name. */
export function buildStage(
  name: string,
  config: StageModelConfig,
  specs: readonly FeatureSpec[],
  { seed, labels }: { readonly seed: number; readonly labels: StageLabels },
): StageModel {
  const scope = { name, group: name, seed };
  const label = (batch: TensorBatch, of: keyof StageLabels): tf.Tensor => batch[`label/${labels[of]}`]!;
  const names = (...roles: readonly string[]): readonly string[] =>
    specs.filter(({ role }) => roles.includes(role)).map((spec) => spec.name);
  const hardLosses: StageModel["hardLosses"] = ({ ctcvr }, batch) => [
    { weight: 1, loss: binaryCrossEntropy(ctcvr, label(batch, "conversion")) },
  ];
  if (config.kind === "dssm") return { name, hardLosses, ...twoTower(scope, config, specs, names) };
  const features = selectFeatures(specs, config.features ?? names("user", "item", "context", "cross"));
  const options = { ...encoderOptions(config.embeddings), features };
  if (config.kind === "mlp") {
    const { units, inputDropout } = config;
    const { parameters, forward } = mlpRanker(scope, { ...options, units, inputDropout });
    return {
      name,
      parameters,
      hardLosses,
      forward: (values, batch, noise) => ({ ctcvr: forward(values as Values<MlpRankerParameters>, batch, noise) }),
    };
  }
  const { parameters, forward } = mmoe(scope, { ...config, ...options });
  return {
    name,
    parameters,
    forward: (values, batch, noise) => forward(values as Values<MmoeParameters>, batch, noise),
    hardLosses: ({ ctr, ctcvr }, batch) => [
      { weight: config.weights.ctr, loss: binaryCrossEntropy(ctr!, label(batch, "click")) },
      { weight: config.weights.ctcvr, loss: binaryCrossEntropy(ctcvr, label(batch, "conversion")) },
    ],
  };
}

function twoTower(
  scope: ParameterScope,
  config: Extract<StageModelConfig, { kind: "dssm" }>,
  specs: readonly FeatureSpec[],
  names: (role: string) => readonly string[],
): Required<Pick<StageModel, "parameters" | "forward" | "towers">> {
  const model = dssm(scope, {
    ...config,
    ...encoderOptions(config.embeddings),
    userFeatures: selectFeatures(specs, config.userFeatures ?? names("user")),
    itemFeatures: selectFeatures(specs, config.itemFeatures ?? names("item")),
  });
  const own = (values: Values<ParameterTree>): Values<DssmParameters> => values as Values<DssmParameters>;
  return {
    parameters: model.parameters,
    forward: (values, batch, noise) => {
      const [users, items] = [model.userTower(own(values), batch, noise), model.itemTower(own(values), batch, noise)];
      return { ctcvr: model.score(own(values), users, items) };
    },
    towers: {
      users: (values, batch) => model.userTower(own(values), batch),
      items: (values, batch) => model.itemTower(own(values), batch),
    },
  };
}

function encoderOptions({ default: width, widths, deviation, update }: StageModelConfig["embeddings"]): EncoderOptions {
  return { dimensions: { ...widths, default: width }, deviation, tableUpdate: update };
}
