import * as tf from "@tensorflow/tfjs";
import type { FeatureSpec } from "../../data/dataset.ts";
import { combineTerms, type Term } from "../../distill/objective.ts";
import type { TermValues } from "../../distill/terms/term-parameters.ts";
import { weightedMean } from "../../distill/weighted-mean.ts";
import type { Optimiser } from "../../engine/optimisers/index.ts";
import type { ParameterTree, Values } from "../../engine/parameters.ts";
import type { Entries, Step, TensorBatch } from "../../engine/step.ts";
import { stopGradient } from "../../engine/stop-gradient.ts";
import { optimiserOf } from "../optimisers.ts";
import type { CascadeRunConfig, PhaseConfig } from "./cascade-config.ts";
import { allPhases, isLearning, parametersOfTerms, TERMS, termName } from "./cascade-terms.ts";
import { tutorLoss } from "./objective.ts";
import { buildStage, type StageModel, type StageOutputs } from "./stage-model.ts";

/** The models of a cascade by stage, from the corpus to the shown list. */
export type CascadeModels = ReadonlyMap<string, StageModel>;

export type CascadeParameters = Readonly<Record<string, ParameterTree>>;

export function buildCascade(
  { stages, seed, labels }: CascadeRunConfig,
  features: readonly FeatureSpec[],
): CascadeModels {
  return new Map(stages.map(({ name, model }) => [name, buildStage(name, model, features, { seed, labels })]));
}

/** Parameters of the stages by name, and of the terms. */
export function cascadeParameters(config: CascadeRunConfig, models: CascadeModels): CascadeParameters {
  const stages = [...models].map(([name, model]) => [name, model.parameters] as const);
  return { ...Object.fromEntries(stages), [TERMS]: parametersOfTerms(config) };
}

/** The entries of a cascade's program: `pairs/<stage>`, `users` and `items` of the first stage, `phase/<name>`. */
export function cascadeEntries(
  config: CascadeRunConfig,
  models: CascadeModels,
  numItems: number,
): Entries<CascadeParameters> {
  const entries: Record<string, Entries<CascadeParameters>[string]> = {};
  for (const [name, model] of models) {
    const own = (values: Values<CascadeParameters>): Values<ParameterTree> => values[name]!;
    entries[`pairs/${name}`] = {
      kind: "forward",
      forward: (values, batch) => ({ logits: model.forward(own(values), batch).ctcvr }),
    };
  }
  const [[first, { towers }]] = [...models] as [[string, StageModel]];
  for (const side of ["users", "items"] as const)
    entries[side] = {
      kind: "forward",
      forward: (values, batch) => ({ vectors: towers![side](values[first]!, batch) }),
    };
  for (const phase of allPhases(config))
    entries[phaseEntry(phase)] = {
      kind: "train",
      step: phaseStep(phase, config, { models, numItems }),
      optimisers: optimisersOf(phase),
    };
  return entries;
}

export const phaseEntry = ({ name }: Pick<PhaseConfig, "name">): string => `phase/${name}`;

/** Stages that a phase trains. */
export const learnersOf = ({ terms }: Pick<PhaseConfig, "terms">): readonly string[] => [
  ...new Set(terms.map(({ stage }) => stage)),
];

/** Tutors of a phase that stand still while it runs: their scores are computed once for each list. */
export function frozenTutors(phase: PhaseConfig, space: string): readonly string[] {
  const learners = learnersOf(phase);
  const tutors = phase.terms.filter((term) => term.space === space).flatMap(({ tutor }) => tutor ?? []);
  return [...new Set(tutors)].filter((tutor) => !learners.includes(tutor));
}

function optimisersOf(phase: PhaseConfig): Readonly<Record<string, Optimiser>> {
  const optimiser = optimiserOf(phase.optimiser);
  const groups = Object.fromEntries(learnersOf(phase).map((stage) => [stage, optimiser]));
  return phase.terms.some(isLearning) ? { ...groups, [TERMS]: { ...optimiser, l2: 0 } } : groups;
}

function phaseStep(
  phase: PhaseConfig,
  { spaces }: CascadeRunConfig,
  { models, numItems }: { readonly models: CascadeModels; readonly numItems: number },
): Step<CascadeParameters> {
  return (values, batch, context) => {
    const learners = learnersOf(phase);
    const views = new Map(phase.terms.map(({ space }) => [space, viewOf(batch, space)]));
    const outputsOf = memo((stage, space) => {
      const noise = learners.includes(stage) ? context.noise : undefined;
      return models.get(stage)!.forward(values[stage]!, views.get(space)!, noise);
    });
    const terms = phase.terms.map((term): Term => {
      const view = views.get(term.space)!;
      const space = spaces[term.space]!;
      const negativeWeight = space.kind === "rows" ? space.negativeWeight : 1;
      const itemWeights = weightsOf(view, negativeWeight);
      const outputs = outputsOf(term.stage, term.space);
      const { loss } = term;
      if (loss.kind === "labels") {
        const weights = tf.mul(itemWeights, exposureWeights(view, loss.unexposed));
        return { name: termName(term), loss: labelLoss(models.get(term.stage)!, outputs, view, weights) };
      }
      const tutor = view[`tutor/${term.tutor!}`] ?? stopGradient(outputsOf(term.tutor!, term.space).ctcvr);
      const name = termName(term);
      const own = values[TERMS] as Readonly<Record<string, Readonly<Record<string, TermValues>>>>;
      const learnt = own[phase.name]![name] ?? {};
      const tensors = { logits: outputs.ctcvr, tutor, itemWeights, values: learnt, site: name, context, numItems };
      return { name, loss: tutorLoss(loss, tensors) };
    });
    return combineTerms(terms, context);
  };
}

function labelLoss(model: StageModel, outputs: StageOutputs, view: TensorBatch, weights: tf.Tensor): tf.Scalar {
  const losses = model.hardLosses(outputs, view).map(({ weight, loss }) => tf.mul(weightedMean(loss, weights), weight));
  return tf.addN(losses) as tf.Scalar;
}

/** Weight of each item for its exposure; 1 in spaces of rows, whose negatives have a weight of their own. */
function exposureWeights(view: TensorBatch, unexposed: number | "zero" | "left-out" | "propensity"): tf.Tensor {
  const { exposed, propensity } = view;
  if (exposed === undefined || unexposed === "zero") return tf.scalar(1);
  const weight = unexposed === "propensity" ? propensity! : tf.scalar(unexposed === "left-out" ? 0 : unexposed);
  return tf.add(exposed, tf.mul(tf.sub(1, exposed), weight));
}

/** Weight of every item: [B] of rows, [B, N] of lists, 0 for padding. A row's own item weighs 1, its negatives alike. */
function weightsOf({ weight, mask }: TensorBatch, negativeWeight: number): tf.Tensor {
  if (mask?.rank !== 2) return weight!;
  const weights = tf.mul(mask, tf.expandDims(weight!, 1));
  if (negativeWeight === 1) return weights;
  const length = mask.shape[1]!;
  return tf.mul(weights, tf.tensor2d([1, ...new Array<number>(length - 1).fill(negativeWeight)], [1, length]));
}

/** The part of a batch that belongs to a space, under the names that models know. */
export function viewOf(batch: TensorBatch, space: string): TensorBatch {
  const prefix = `${space}/`;
  return Object.fromEntries(
    Object.entries(batch).flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
    ),
  );
}

function memo<T>(compute: (stage: string, space: string) => T): (stage: string, space: string) => T {
  const held = new Map<string, T>();
  return (stage, space) => {
    const key = `${stage} ${space}`;
    const value = held.get(key) ?? compute(stage, space);
    held.set(key, value);
    return value;
  };
}
