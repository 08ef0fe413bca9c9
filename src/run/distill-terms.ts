// B = rows, N = candidates a row, R = B or B N, S = width of the student's layer, T = of the teacher's
import * as tf from "@tensorflow/tfjs";
import { fuseHeads } from "../distill/head-fusion.ts";
import { affineLogits } from "../distill/losses/affine-mse.ts";
import type { Temperature } from "../distill/temperature.ts";
import { listWiseLosses, pointWiseLosses } from "../distill/terms/distill-losses.ts";
import type { ListWiseSpec, PointWiseSpec } from "../distill/terms/distill-spec.ts";
import { type LatentSpec, latentLosses } from "../distill/terms/latent-losses.ts";
import type { TermValues } from "../distill/terms/term-parameters.ts";
import { weightedMean } from "../distill/weighted-mean.ts";
import type { StepContext, TensorBatch } from "../engine/step.ts";
import type { MmoeOutputs } from "../teacher/mmoe.ts";
import { type DistillTerm, needsLayers, needsLists } from "./config/distill-config.ts";
import { candidateWeights } from "./hard-terms.ts";
import { ownColumn, type StudentScores } from "./student-scores.ts";
import { distillName, temperatureInput } from "./term-inputs.ts";

/** What the distillation terms of a step are made from. */
export interface DistillInputs {
  readonly scores: StudentScores;
  /** The teacher's outputs, where the run has a teacher. */
  readonly heads: MmoeOutputs | undefined;
  readonly batch: TensorBatch;
  readonly context: StepContext;
  /** Items of the catalogue. */
  readonly numItems: number;
}

/** The mean loss of a batch that the student learns from a term. */
export function distillTermLoss(term: DistillTerm, values: TermValues, inputs: DistillInputs): tf.Scalar {
  if (needsLayers(term)) return latentTerm(term, values, inputs);
  const { scores, batch, context, numItems } = inputs;
  const target = targetOf(term, inputs);
  const { scale, offset } = values;
  const logits = target.ownOnly ? ownColumn(scores.logits()) : scores.logits();
  const student = scale === undefined ? logits : affineLogits(logits, { scale, ...(offset && { offset }) });
  const space = spaceOf(term, batch, target.ownOnly);
  const compared = {
    student: space.take(student),
    teacher: space.take(target.values),
    mask: space.mask,
    areRanks: target.areRanks,
    temperature: temperatureOf(term, context),
  };
  if (!needsLists(term)) return weightedMean(pointWiseLosses(term as PointWiseSpec, compared), space.weights);
  const site = distillName(term);
  const more = { noise: context.noise, site, numItems, alpha: values.alpha };
  return weightedMean(listWiseLosses(term as ListWiseSpec, { ...compared, ...more }), batch.weight!);
}

interface Target {
  /** Logits or ranks, of the candidates or of the rows. */
  readonly values: tf.Tensor;
  readonly areRanks: boolean;
  /** One value a row: there are none for sampled candidates. */
  readonly ownOnly: boolean;
}

function targetOf({ head }: DistillTerm, { heads, batch }: DistillInputs): Target {
  if (typeof head === "string") return { values: heads![head], areRanks: false, ownOnly: false };
  if ("fuse" in head) {
    const fused = Object.entries(head.fuse).map(([name, exponent]) => ({
      name,
      exponent,
      logits: heads![name as "ctr" | "cvr" | "ctcvr"],
    }));
    return { values: fuseHeads(fused), areRanks: false, ownOnly: false };
  }
  const column = batch[`teacher/${head.column}`]!;
  const values = head.holds === "probabilities" ? logitOf(column) : column;
  return { values, areRanks: head.holds === "ranks", ownOnly: true };
}

/** Nearest to 0 and 1 that a stored probability counts: float32 has no number nearer to 1. */
const CLOSEST = 2 ** -24;

function logitOf(probabilities: tf.Tensor): tf.Tensor {
  const p = tf.clipByValue(probabilities, CLOSEST, 1 - CLOSEST);
  return tf.sub(tf.log(p), tf.log1p(tf.neg(p)));
}

interface Space {
  readonly take: (values: tf.Tensor) => tf.Tensor;
  readonly mask: tf.Tensor | undefined;
  /** Weights of a point-wise loss. */
  readonly weights: tf.Tensor;
}

/** Which candidates a term sees. */
function spaceOf({ space }: DistillTerm, batch: TensorBatch, ownOnly: boolean): Space {
  const { mask, weight } = batch;
  if (ownOnly || mask?.rank !== 2) return { take: (values) => values, mask: undefined, weights: weight! };
  if (space === "exposed") return { take: ownColumn, mask: undefined, weights: weight! };
  if (space === "all") return { take: (values) => values, mask, weights: candidateWeights(batch) };
  const [rows, candidates] = mask.shape as [number, number];
  const take = (values: tf.Tensor): tf.Tensor => tf.slice(values, [0, 1], [rows, candidates - 1]);
  return { take, mask: take(mask), weights: take(candidateWeights(batch)) };
}

function temperatureOf(term: DistillTerm, { inputs }: StepContext): Temperature | undefined {
  if (!("temperature" in term)) return undefined;
  return term.temperature.kind === "constant" ? term.temperature.value : inputs[temperatureInput(distillName(term))]!;
}

/** The student's layer is the product of its vectors, whose sum is the score; the teacher's what its towers see. */
function latentTerm(term: DistillTerm, values: TermValues, inputs: DistillInputs): tf.Scalar {
  const { scores, heads, batch, context } = inputs;
  const { users, items } = scores;
  const products = tf.mul(items.rank === 2 ? users : tf.expandDims(users, 1), items);
  const { ctr, cvr } = heads!.mixed;
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
  const space = spaceOf(term, batch, false);
  return weightedMean(space.take(tf.reshape(losses, shape)), space.weights);
}
