// B = rows, N = candidates a row, D = vector width, M = shared items, C = columns of the in-batch matrix
import * as tf from "@tensorflow/tfjs";
import { type BankColumns, bankKnown, readBank } from "../distill/negatives/memory-bank.ts";
import type { Noise } from "../engine/noise.ts";
import type { Values } from "../engine/parameters.ts";
import type { StepContext, TensorBatch } from "../engine/step.ts";
import type { DssmParameters, TwoTower } from "../student/dssm.ts";
import { once } from "./once.ts";
import { BANK_INPUT } from "./term-inputs.ts";

/** What the student's terms are made from; each part is computed when it is first asked for. */
export interface StudentScores {
  readonly users: tf.Tensor;
  /** [B, D] of rows, [B, N, D] of candidates. */
  readonly items: tf.Tensor;
  /** [B, D] of each row's own item. */
  readonly ownItems: tf.Tensor;
  /** [B] or [B, N]. */
  readonly logits: () => tf.Tensor;
  /** Dot products of the vectors, [B] or [B, N]: cosines where the towers normalise. */
  readonly cosines: () => tf.Tensor;
  readonly inBatch: () => InBatchScores;
}

/** The in-batch matrix: the rows' own items, the shared ones, the bank's. */
export interface InBatchScores {
  /** [C, D] */
  readonly columns: tf.Tensor;
  /** [B, C] */
  readonly cosines: () => tf.Tensor;
  readonly logits: () => tf.Tensor;
  /** [B, C] 1 where a column is no negative: known to the user, or the row's own item. */
  readonly known: tf.Tensor | undefined;
  /** [C] */
  readonly logQ: tf.Tensor1D | undefined;
  /** [C - B] 0 for empty places of the bank. */
  readonly extraMask: tf.Tensor1D | undefined;
}

export interface StudentScoresInput {
  readonly student: TwoTower;
  readonly values: Values<DssmParameters>;
  readonly batch: TensorBatch;
  readonly context: StepContext;
  /** [M', D + 3], where there is a memory bank. */
  readonly bank: tf.Tensor | undefined;
}

/** Runs the towers on a batch. */
export function studentScores({ student, values, batch, context, bank }: StudentScoresInput): StudentScores {
  const users = student.userTower(values, batch, context.noise);
  const items = student.itemTower(values, batch, context.noise);
  const ownItems =
    items.rank === 2
      ? items
      : tf.reshape(tf.slice(items, [0, 0, 0], [items.shape[0]!, 1, items.shape[2]!]), users.shape);
  const inBatch = once((): InBatchScores => {
    const stored = bank && readBank(bank, context.inputs[BANK_INPUT]);
    const shared = sharedItems(student, values, batch, context.noise);
    const columns = joined([ownItems, shared, stored?.vectors]);
    return {
      columns,
      cosines: once(() => tf.matMul(users as tf.Tensor2D, columns as tf.Tensor2D, false, true)),
      logits: once(() => student.scoreAll(values, users, columns)),
      known: knownColumns(batch, stored),
      logQ: batch.columnLogQ && (joined([batch.columnLogQ, stored?.logQ]) as tf.Tensor1D),
      extraMask: extraMask(shared, stored),
    };
  });
  return {
    users,
    items,
    ownItems,
    logits: once(() => student.score(values, users, items)),
    cosines: once(() => tf.sum(tf.mul(items.rank === 2 ? users : tf.expandDims(users, 1), items), -1)),
    inBatch,
  };
}

/** [M, D] vectors of the items that all rows share. */
function sharedItems(
  student: TwoTower,
  values: Values<DssmParameters>,
  batch: TensorBatch,
  noise: Noise,
): tf.Tensor | undefined {
  const prefix = "shared/";
  const shared = Object.entries(batch).filter(([name]) => name.startsWith(`${prefix}item/`));
  if (shared.length === 0) return undefined;
  const own = Object.fromEntries(shared.map(([name, values]) => [name.slice(prefix.length), values]));
  return student.itemTower(values, own, noiseUnder(noise, "shared"));
}

/** The same noise under other names: two passes of one tower in a step must not share their dropout. */
export function noiseUnder(noise: Noise, prefix: string): Noise {
  return {
    uniform: (site, shape) => noise.uniform(`${prefix}/${site}`, shape),
    gumbel: (site, shape) => noise.gumbel(`${prefix}/${site}`, shape),
    dropoutMask: (site, shape, rate) => noise.dropoutMask(`${prefix}/${site}`, shape, rate),
  };
}

/** The batch's own matrix, and the row's own item in the bank. */
function knownColumns({ known, itemIndex }: TensorBatch, stored: BankColumns | undefined): tf.Tensor | undefined {
  if (known === undefined || stored === undefined) return known;
  return tf.concat([known, bankKnown(ownColumn(itemIndex!), stored)], 1);
}

function extraMask(shared: tf.Tensor | undefined, stored: BankColumns | undefined): tf.Tensor1D | undefined {
  if (stored === undefined) return undefined;
  return joined([shared && tf.ones([shared.shape[0]!]), stored.filled]) as tf.Tensor1D;
}

/** [B] what a row has of its own: the first of its candidates. */
export function ownColumn(values: tf.Tensor): tf.Tensor {
  return values.rank === 1 ? values : tf.reshape(tf.slice(values, [0, 0], [values.shape[0]!, 1]), [-1]);
}

function joined(parts: readonly (tf.Tensor | undefined)[]): tf.Tensor {
  const given = parts.filter((part) => part !== undefined);
  return given.length === 1 ? given[0]! : tf.concat(given, 0);
}
