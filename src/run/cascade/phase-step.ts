import * as tf from "@tensorflow/tfjs";
import { combineTerms, type Term } from "../../distill/objective.ts";
import type { TermValues } from "../../distill/terms/term-parameters.ts";
import { weightedMean } from "../../distill/weighted-mean.ts";
import type { ParameterTree } from "../../engine/parameters.ts";
import type { Step, TensorBatch } from "../../engine/step.ts";
import { stopGradient } from "../../engine/stop-gradient.ts";
import type { CascadeRunConfig, PhaseConfig, SpaceConfig } from "./cascade-config.ts";
import { learnersOf, TERMS, termName } from "./cascade-terms.ts";
import { jointStagesLoss, tutorLoss } from "./objective.ts";
import type { StageModel, StageOutputs } from "./stage-model.ts";

/** The models of a cascade by stage, from the corpus to the shown list. */
export type CascadeModels = ReadonlyMap<string, StageModel>;

export type CascadeParameters = Readonly<Record<string, ParameterTree>>;

/** What a phase's step is made from. */
export interface PhaseStepOptions {
  readonly models: CascadeModels;
  readonly numItems: number;
}

/** The training step of a phase: the sum of its terms, each stage computed once a space. */
export function phaseStep(
  phase: PhaseConfig,
  { spaces, stages }: CascadeRunConfig,
  { models, numItems }: PhaseStepOptions,
): Step<CascadeParameters> {
  return (values, batch, context) => {
    const learners = learnersOf(phase);
    const views = new Map(phase.terms.map(({ space }) => [space, viewOf(batch, space)]));
    const outputsOf = memo((stage, space) => {
      const noise = learners.includes(stage) ? context.noise : undefined;
      return models.get(stage)!.forward(values[stage]!, views.get(space)!, noise);
    });
    const own = values[TERMS] as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const terms = phase.terms.map((term): Term => {
      const name = termName(term);
      const view = views.get(term.space)!;
      const itemWeights = weightsOf(view, spaces[term.space]!);
      const { loss, tutor: tutorName } = term;
      const [first] = term.stage as [string];
      if (loss.kind === "labels") {
        const weights = tf.mul(itemWeights, exposureWeights(view, loss.unexposed));
        return { name, loss: labelLoss(models.get(first)!, outputsOf(first, term.space), view, weights) };
      }
      const tutor = view[`tutor/${tutorName!}`] ?? stopGradient(outputsOf(tutorName!, term.space).ctcvr);
      if (loss.kind === "cascade-ranking") {
        const balances = own[phase.name]![name] as Readonly<Record<string, TermValues>>;
        const learning = term.stage.map((stage) => ({
          logits: outputsOf(stage, term.space).ctcvr,
          passes: stages.find((other) => other.name === stage)!.passes,
          balance: balances[stage]!.alpha!,
        }));
        return { name, loss: jointStagesLoss(loss, learning, { tutor, itemWeights }) };
      }
      const learnt = (own[phase.name]![name] ?? {}) as TermValues;
      const { ctcvr: logits } = outputsOf(first, term.space);
      const tensors = { logits, tutor, itemWeights, values: learnt, site: name, context, numItems };
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
function weightsOf({ weight, mask }: TensorBatch, space: SpaceConfig): tf.Tensor {
  const negativeWeight = space.kind === "rows" ? space.negativeWeight : 1;
  if (mask?.rank !== 2) return weight!;
  const weights = tf.mul(mask, tf.expandDims(weight!, 1));
  if (negativeWeight === 1) return weights;
  const length = mask.shape[1]!;
  return tf.mul(weights, tf.tensor2d([1, ...new Array<number>(length - 1).fill(negativeWeight)], [1, length]));
}

/** The part of a batch that belongs to a space, under the names that models know. */
function viewOf(batch: TensorBatch, space: string): TensorBatch {
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
