// B = rows, N = candidates a row, R = B or B N, S = width of the student's layer, T = of the teacher's
import * as tf from "@tensorflow/tfjs";
import { fuseHeads } from "../distill/head-fusion.ts";
import { affineLogits } from "../distill/losses/affine-mse.ts";
import type { Temperature } from "../distill/temperature.ts";
import { listWiseLosses, pointWiseLosses } from "../distill/terms/distill-losses.ts";
import type { ListWiseSpec, PointWiseSpec } from "../distill/terms/distill-spec.ts";
import { type LatentSpec, latentLosses } from "../distill/terms/latent-losses.ts";
import type { OwnLosses } from "../distill/terms/own-loss.ts";
import type { TermValues } from "../distill/terms/term-parameters.ts";
import { weightedMean } from "../distill/weighted-mean.ts";
import type { StepContext, TensorBatch } from "../engine/step.ts";
import { stopGradient } from "../engine/stop-gradient.ts";
import { type DistillTerm, needsLayers, needsLists } from "./config/distill-config.ts";
import type { DistillationSpace, SpaceName } from "./distillation-spaces.ts";
import type { RankerOutputs } from "./models.ts";
import type { StudentScores } from "./student-scores.ts";
import { distillName, temperatureInput } from "./term-inputs.ts";

/** What the distillation terms of a step are made from. */
export interface DistillInputs {
  readonly spaces: Readonly<Record<SpaceName, () => DistillationSpace>>;
  readonly scores: StudentScores;
  /** The teacher's outputs, where the run has a teacher. */
  readonly heads: RankerOutputs | undefined;
  readonly batch: TensorBatch;
  readonly context: StepContext;
  /** Items of the catalogue. */
  readonly numItems: number;
  /** Losses of the calling program. */
  readonly losses: OwnLosses;
}

/** The mean loss of a batch that the student learns from a term. */
export function distillTermLoss(term: DistillTerm, values: TermValues, inputs: DistillInputs): tf.Scalar {
  if (needsLayers(term)) return latentTerm(term, values, inputs);
  const { context, numItems, losses } = inputs;
  const { space, teacher, areRanks } = targetOf(term, inputs);
  const logits = space.student();
  const { scale, offset } = values;
  const student = scale === undefined ? logits : affineLogits(logits, { scale, ...(offset && { offset }) });
  const temperature = temperatureOf(term, context);
  const compared = { student, teacher, mask: space.mask, areRanks, temperature };
  const site = distillName(term);
  if (term.kind === "own") {
    const { mask } = space;
    const given = { mask, temperature: temperature ?? 1, noise: context.noise, site, options: term.options };
    const values = losses[term.loss]!(student, term.stopTeacherGradient ? stopGradient(teacher) : teacher, given);
    return weightedMean(values, values.rank === student.rank ? space.weights : space.listWeights);
  }
  if (!needsLists(term)) return weightedMean(pointWiseLosses(term as PointWiseSpec, compared), space.weights);
  const more = { noise: context.noise, site, numItems, alpha: values.alpha };
  return weightedMean(listWiseLosses(term as ListWiseSpec, { ...compared, ...more }), space.listWeights);
}

interface Target {
  readonly space: DistillationSpace;
  /** Logits or ranks of the space's candidates. */
  readonly teacher: tf.Tensor;
  readonly areRanks: boolean;
}

function targetOf({ head, space: name }: DistillTerm, { spaces, batch }: DistillInputs): Target {
  if (typeof head === "object" && "column" in head) {
    // A column has one value a row, and none for sampled candidates.
    const { listWeights, ...space } = spaces.exposed();
    const column = batch[`teacher/${head.column}`]!;
    return {
      space: { ...space, listWeights, weights: listWeights },
      teacher: head.holds === "probabilities" ? logitOf(column) : column,
      areRanks: head.holds === "ranks",
    };
  }
  const space = spaces[name]();
  if (typeof head === "string") return { space, teacher: space.teacher(head), areRanks: false };
  const fused = Object.entries(head.fuse).map(([name, exponent]) => ({
    name,
    exponent,
    logits: space.teacher(name),
  }));
  return { space, teacher: fuseHeads(fused), areRanks: false };
}

/** Nearest to 0 and 1 that a stored probability counts: float32 has no number nearer to 1. */
const CLOSEST = 2 ** -24;

function logitOf(probabilities: tf.Tensor): tf.Tensor {
  const p = tf.clipByValue(probabilities, CLOSEST, 1 - CLOSEST);
  return tf.sub(tf.log(p), tf.log1p(tf.neg(p)));
}

function temperatureOf(term: DistillTerm, { inputs }: StepContext): Temperature | undefined {
  if (!("temperature" in term)) return undefined;
  return typeof term.temperature === "number" ? term.temperature : inputs[temperatureInput(distillName(term))]!;
}

/** The student's layer is the product of its vectors, whose sum is the score; the teacher's what its towers see. */
function latentTerm(term: DistillTerm, values: TermValues, inputs: DistillInputs): tf.Scalar {
  const { scores, heads, spaces, context } = inputs;
  const { users, items } = scores;
  const products = tf.mul(items.rank === 2 ? users : tf.expandDims(users, 1), items);
  const { ctr, cvr } = heads!.mixed!;
  const teacher = term.head === "ctcvr" ? tf.concat([ctr, cvr], -1) : term.head === "ctr" ? ctr : cvr;
  const rows = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1, x.shape.at(-1)!]);
  const losses = latentLosses(term as LatentSpec, {
    student: rows(products),
    teacher: rows(teacher),
    values,
    temperature: temperatureOf(term, context),
    noise: context.noise,
    site: distillName(term),
  });
  const shape = products.shape.slice(0, -1);
  const space = spaces[term.space]();
  return weightedMean(space.take(tf.reshape(losses, shape)), space.weights);
}
