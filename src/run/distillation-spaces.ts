// B = rows, N = candidates of a row, U = lists, M = items of a list
import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../engine/noise.ts";
import type { Values } from "../engine/parameters.ts";
import type { StepContext, TensorBatch } from "../engine/step.ts";
import { stopGradient } from "../engine/stop-gradient.ts";
import type { MmoeOutputs } from "../teacher/mmoe.ts";
import { type ModelParameters, type Models, studentValues, teacherValues } from "./models.ts";

/** What distillation terms compare in one space. */
export interface DistillationSpace {
  /** The student's logits: [B] or [B, N] of rows, [U, M] of lists. */
  readonly student: tf.Tensor;
  /** The teacher's scores of the same shape, as constants: computed, or from the store. */
  readonly teacher: (head: string) => tf.Tensor;
  /** Weight of every entry, of the same shape; 0 for padding and where the store has no score. */
  readonly weights: tf.Tensor;
}

interface SpaceInput {
  readonly context: StepContext;
  /** What the step has computed of the rows. */
  readonly rows: {
    readonly logits: tf.Tensor;
    readonly heads: MmoeOutputs | undefined;
    readonly weights: tf.Tensor;
  };
}

/** The spaces of a step; each is computed once, when a term asks for it. */
export function distillationSpaces(
  models: Pick<Models, "teacher" | "student">,
  values: Values<ModelParameters>,
  batch: TensorBatch,
  { context, rows }: SpaceInput,
): Readonly<Record<"rows" | "lists", () => DistillationSpace>> {
  return {
    rows: once(() => rowSpace(batch, rows)),
    lists: once(() => listSpace(models, values, batch, context.noise)),
  };
}

function rowSpace(batch: TensorBatch, { logits, heads, weights }: SpaceInput["rows"]): DistillationSpace {
  const scored = batch["score/mask"];
  return {
    student: logits,
    teacher: (head) => (heads === undefined ? batch[`score/${head}`]! : headOf(heads, head)),
    weights: heads === undefined ? tf.mul(weights, scored!) : weights,
  };
}

function listSpace(
  { teacher, student }: Pick<Models, "teacher" | "student">,
  values: Values<ModelParameters>,
  batch: TensorBatch,
  noise: Noise,
): DistillationSpace {
  const lists = withoutPrefix(batch, "lists/");
  const own = studentValues(values);
  const site = atSite(noise, "lists");
  const users = student!.userTower(own, lists, site);
  const items = student!.itemTower(own, lists, site);
  const heads = teacher && once(() => teacher.forward(teacherValues(values), lists));
  return {
    student: student!.score(own, users, items),
    teacher: (head) => (heads === undefined ? lists[`score/${head}`]! : stopGradient(headOf(heads(), head))),
    weights: lists.mask!,
  };
}

function headOf(heads: MmoeOutputs, head: string): tf.Tensor {
  return heads[head as "ctr" | "cvr" | "ctcvr"];
}

function withoutPrefix(batch: TensorBatch, prefix: string): TensorBatch {
  const own = Object.entries(batch).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}

/** The same noise under other names: two passes of one tower in a step must not share their dropout. */
function atSite(noise: Noise, prefix: string): Noise {
  return {
    uniform: (site, shape) => noise.uniform(`${prefix}/${site}`, shape),
    gumbel: (site, shape) => noise.gumbel(`${prefix}/${site}`, shape),
    dropoutMask: (site, shape, rate) => noise.dropoutMask(`${prefix}/${site}`, shape, rate),
  };
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
