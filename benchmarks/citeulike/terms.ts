// The distillation terms that are compared: lists of a step's users, or their layers, through the library's own losses.
import * as tf from "@tensorflow/tfjs";
import { collaborativeDistillation } from "../../src/distill/losses/collaborative-distillation.ts";
import {
  distillationExpertParameters,
  distillationExperts,
  type ExpertParameters,
} from "../../src/distill/losses/distillation-experts.ts";
import { listKl } from "../../src/distill/losses/list-kl.ts";
import { marginMse } from "../../src/distill/losses/margin-mse.ts";
import { rankDistil } from "../../src/distill/losses/rank-distil.ts";
import { estimateRanks, rankingDistillation } from "../../src/distill/losses/ranking-distillation.ts";
import { relaxedRanking } from "../../src/distill/losses/relaxed-ranking.ts";
import { lookup, type TableValue } from "../../src/engine/lookup.ts";
import type { TableParameter, Values } from "../../src/engine/parameters.ts";
import type { StepContext, TensorBatch } from "../../src/engine/step.ts";
import type { Draw } from "./teacher-lists.ts";

/** [B, N] of the step's lists. */
export interface ListTensors {
  readonly student: tf.Tensor;
  readonly teacher: tf.Tensor;
  readonly numItems: number;
}

/** One distillation term. */
export type Term =
  | {
      readonly kind: "lists";
      readonly weight: number;
      readonly draw: Draw;
      /** The student's own ranking is drawn from, anew each epoch, in place of the teacher's. */
      readonly by?: "student";
      /** @returns any shape; its mean is the term. */
      readonly loss: (lists: ListTensors, context: StepContext) => tf.Tensor;
    }
  | { readonly kind: "experts"; readonly weight: number; readonly experts: number };

/** Ranks 1, 2, ... of lists that stand in the teacher's order. */
function ranksOf({ teacher }: ListTensors): tf.Tensor {
  const [lists, length] = teacher.shape as [number, number];
  return tf.tile(tf.reshape(tf.range(1, length + 1), [1, length]), [lists, 1]);
}

/** RRD over the teacher's first K and L uniform items. */
export const relaxed = (weight: number, top: number, uniform: number): Term => ({
  kind: "lists",
  weight,
  draw: { top, uniform },
  loss: ({ student, teacher }) => relaxedRanking(student, teacher, { interesting: top }),
});

/** KL of the softened lists. */
export const kl = (weight: number, draw: Draw, temperature: number): Term => ({
  kind: "lists",
  weight,
  draw,
  loss: ({ student, teacher }) => listKl(student, teacher, { temperature }),
});

/** RankDistil: orders drawn from the teacher. */
export const drawnOrders = (weight: number, draw: Draw, topK: number): Term => ({
  kind: "lists",
  weight,
  draw,
  loss: ({ student, teacher }, { noise }) =>
    rankDistil(student, teacher, { topK, gumbel: noise.gumbel("orders", [1, ...teacher.shape]) }),
});

/** RD: the first ten as positives, by position and by how far the student underrates them. */
export const ranking = (weight: number, topK: number, sampled: number): Term => ({
  kind: "lists",
  weight,
  draw: { top: topK, uniform: sampled },
  loss: (lists) => {
    const rows = lists.student.shape[0]!;
    const sample = tf.slice(lists.student, [0, topK], [rows, sampled]);
    const studentRanks = estimateRanks(lists.student, sample, lists.numItems);
    return rankingDistillation(lists.student, ranksOf(lists), { topK, discrepancy: { studentRanks } });
  },
});

/** CD: soft targets on items that a rank-aware sampler draws from the student's ranking. */
export const collaborative = (weight: number, count: number, temperature: number): Term => ({
  kind: "lists",
  weight,
  by: "student",
  draw: { top: 0, ranked: { count, temperature }, uniform: 0 },
  loss: ({ student, teacher }) => collaborativeDistillation(student, teacher, { temperature: 2 }),
});

/** MarginMSE of the teacher's first item, and of each later one in its turn, against the uniform ones. */
export const margins = (weight: number, top: number, uniform: number): Term => ({
  kind: "lists",
  weight,
  draw: { top, uniform },
  loss: ({ student, teacher }) => {
    const pairs = (x: tf.Tensor): tf.Tensor => {
      const [rows] = x.shape as [number, number];
      const firsts = tf.reshape(tf.slice(x, [0, 0], [rows, top]), [rows * top, 1]);
      const rest = tf.tile(tf.expandDims(tf.slice(x, [0, top], [rows, uniform]), 1), [1, top, 1]);
      return tf.concat([firsts, tf.reshape(rest, [rows * top, uniform])], 1);
    };
    return marginMse(pairs(student), pairs(teacher));
  },
});

export const experts = (weight: number, count: number): Term => ({ kind: "experts", weight, experts: count });

/** DE's experts of the users and of the items. */
export interface Experts {
  readonly user: ExpertParameters;
  readonly item: ExpertParameters;
}

export function expertParameters(studentWidth: number, teacherWidth: number, count: number, seed: number): Experts {
  const of = (side: string): ExpertParameters =>
    distillationExpertParameters(
      { name: `experts/${side}`, group: "experts", seed },
      { studentWidth, teacherWidth, experts: count },
    );
  return { user: of("user"), item: of("item") };
}

/** Mean over the step's users and items of the experts' distance. */
export function expertLoss(
  values: Values<Experts>,
  tables: { readonly users: TableValue; readonly items: TableValue },
  batch: TensorBatch,
  { noise, inputs }: StepContext,
): tf.Scalar {
  const of = (side: "user" | "item", table: TableValue): tf.Tensor => {
    const teacher = batch[`expert/${side}/teacher`]!;
    const [rows] = teacher.shape as [number, number];
    const bound = values[side] as Values<ExpertParameters>;
    const gumbel = noise.gumbel(`experts/${side}`, [rows, (bound as { experts: readonly unknown[] }).experts.length]);
    const layer = lookup(table, batch[`expert/${side}/ids`]!);
    return tf.mean(distillationExperts(bound, layer, teacher, { gumbel, temperature: inputs.expertTemperature! }));
  };
  return tf.add(of("user", tables.users), of("item", tables.items)) as tf.Scalar;
}

/** A table of embeddings that every step moves as a whole. */
export const embeddingTable = (name: string, rows: number, width: number, seed: number): TableParameter => ({
  kind: "table",
  name,
  rows: rows + 1,
  width,
  initialiser: { kind: "normal", deviation: 0.01, seed },
  group: "towers",
  update: "dense",
});
