import * as tf from "@tensorflow/tfjs";
import { bernoulliKl } from "../distill/losses/bernoulli-kl.ts";
import { binaryCrossEntropy } from "../distill/losses/binary-cross-entropy.ts";
import { inBatchSoftmax } from "../distill/losses/in-batch-softmax.ts";
import { combineTerms, type Term, weightInput } from "../distill/objective.ts";
import { weightedMean } from "../distill/weighted-mean.ts";
import type { Entries, Forward, Step, TensorBatch } from "../engine/step.ts";
import type { MmoeOutputs } from "../teacher/mmoe.ts";
import type { RunConfig } from "./config/run-config.ts";
import { distillationSpaces } from "./distillation-spaces.ts";
import { type ModelParameters, type Models, studentValues, teacherValues } from "./models.ts";
import { optimisersOf } from "./optimisers.ts";

type HardLoss = NonNullable<RunConfig["student"]>["losses"][number];

/** The entries of a run's program: one joint training step, scoring, and the two towers. */
export function buildEntries(config: RunConfig, models: Models): Entries<ModelParameters> {
  const { teacher, student } = models;
  return {
    train: { kind: "train", step: trainStep(config, models), optimisers: optimisersOf(config) },
    score: { kind: "forward", forward: scoreRows(models) },
    ...(student && {
      users: {
        kind: "forward" as const,
        forward: (values, batch) => ({ vectors: student.userTower(studentValues(values), batch) }),
      },
      items: {
        kind: "forward" as const,
        forward: (values, batch) => ({ vectors: student.itemTower(studentValues(values), batch) }),
      },
    }),
    ...(teacher && {
      teacherLists: {
        kind: "forward" as const,
        forward: (values, batch) => ({ ctcvr: teacher.forward(teacherValues(values), batch).ctcvr }),
      },
      gates: {
        kind: "forward" as const,
        forward: (values, batch) => ({ gates: teacher.forward(teacherValues(values), batch).gates }),
      },
    }),
  } satisfies Entries<ModelParameters>;
}

/** Weight of each term as a step input, by input name. */
export function termWeights(config: RunConfig): Readonly<Record<string, number>> {
  const weights: Record<string, number> = {};
  for (const [head, weight] of config.train.teacher ? Object.entries(config.teacher!.weights) : [])
    weights[weightInput(`teacher/${head}`)] = weight;
  for (const loss of config.student?.losses ?? []) weights[weightInput(hardName(loss))] = loss.weight;
  for (const term of config.distill) weights[weightInput(`distill/${term.name}`)] = term.weight;
  return weights;
}

const hardName = ({ kind, label }: HardLoss): string => `student/${kind}/${label}`;

function trainStep(config: RunConfig, { teacher, student }: Models): Step<ModelParameters> {
  return (values, batch, context) => {
    const weights = rowWeights(batch);
    const terms: Term[] = [];
    const trained = config.train.teacher !== undefined;
    const heads = teacher?.forward(teacherValues(values), batch, trained ? context.noise : undefined);
    if (heads !== undefined && trained) terms.push(...teacherTerms(config, heads, batch, weights));
    if (student !== undefined) {
      const own = studentValues(values);
      const users = student.userTower(own, batch, context.noise);
      const items = student.itemTower(own, batch, context.noise);
      const logits = student.score(own, users, items);
      for (const loss of config.student!.losses) {
        const value =
          loss.kind === "binary-cross-entropy"
            ? weightedMean(binaryCrossEntropy(logits, label(batch, loss.label)), weights)
            : softmaxTerm(loss, student.scoreAll(own, users, items) as tf.Tensor2D, batch, weights);
        terms.push({ name: hardName(loss), loss: value });
      }
      const spaces = distillationSpaces({ teacher, student }, values, batch, {
        context,
        rows: { logits, heads, weights },
      });
      for (const { name, head, space, temperature, scaleByTemperatureSquared } of config.distill) {
        const { student: own, teacher: target, weights: counted } = spaces[space]();
        const losses = bernoulliKl(own, target(head), { temperature, scaleByTemperatureSquared });
        terms.push({ name: `distill/${name}`, loss: weightedMean(losses, counted) });
      }
    }
    return combineTerms(terms, context);
  };
}

function teacherTerms(config: RunConfig, heads: MmoeOutputs, batch: TensorBatch, weights: tf.Tensor): readonly Term[] {
  return Object.entries(config.teacher!.labels).map(([head, name]) => ({
    name: `teacher/${head}`,
    loss: weightedMean(binaryCrossEntropy(heads[head as "ctr" | "ctcvr"], label(batch, name)), weights),
  }));
}

function softmaxTerm(
  loss: Extract<HardLoss, { kind: "in-batch-softmax" }>,
  logits: tf.Tensor2D,
  batch: TensorBatch,
  weights: tf.Tensor,
): tf.Scalar {
  const losses = inBatchSoftmax(logits, {
    mask: tf.cast(tf.greater(batch.weight!, 0), "float32") as tf.Tensor1D,
    ...(loss.logQ === "classic" && { logQ: batch.logQ as tf.Tensor1D }),
    ...(loss.maskKnown && { known: batch.known as tf.Tensor2D }),
  });
  return weightedMean(losses, tf.mul(weights, label(batch, loss.label)));
}

function label(batch: TensorBatch, name: string): tf.Tensor {
  return batch[`label/${name}`]!;
}

/** Weight of every entry of the loss: [B] rows, or [B, N] candidates without the padded ones. */
function rowWeights(batch: TensorBatch): tf.Tensor {
  const { weight, mask } = batch;
  return mask?.rank === 2 ? tf.mul(mask, tf.expandDims(weight!, 1)) : weight!;
}

/** Logits of one model alone on rows or lists: ctr, cvr and ctcvr of the ranker, `score` of the two-tower model. */
export function forwardHeads({ teacher, student }: Models, model: "teacher" | "student"): Forward<ModelParameters> {
  return (values, batch) => {
    if (model === "teacher") {
      const { ctr, cvr, ctcvr } = teacher!.forward(teacherValues(values), batch);
      return { ctr, cvr, ctcvr };
    }
    const own = studentValues(values);
    return { score: student!.score(own, student!.userTower(own, batch), student!.itemTower(own, batch)) };
  };
}

function scoreRows({ teacher, student }: Models): Forward<ModelParameters> {
  return (values, batch) => {
    const heads = teacher?.forward(teacherValues(values), batch);
    const own = studentValues(values);
    return {
      ...(heads && { "teacher/ctr": heads.ctr, "teacher/ctcvr": heads.ctcvr }),
      ...(student && { student: student.score(own, student.userTower(own, batch), student.itemTower(own, batch)) }),
    };
  };
}
