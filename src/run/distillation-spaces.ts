// B = rows, N = candidates of a row, U = lists, M = items of a list
import * as tf from "@tensorflow/tfjs";
import type { Values } from "../engine/parameters.ts";
import type { StepContext, TensorBatch } from "../engine/step.ts";
import type { DssmParameters, TwoTower } from "../student/dssm.ts";
import type { DistillTerm } from "./config/distill-config.ts";
import { candidateWeights } from "./hard-terms.ts";
import type { RankerOutputs } from "./models.ts";
import { once } from "./once.ts";
import { noiseUnder, ownColumn, type StudentScores } from "./student-scores.ts";

/** What distillation terms compare in one space. */
export interface DistillationSpace {
  /** The student's logits: [B] or [B, N] of rows, [U, M] of lists. */
  readonly student: () => tf.Tensor;
  /** The teacher's logits of the same shape: computed, or from the store. */
  readonly teacher: (head: string) => tf.Tensor;
  /** Same shape, 1 for real candidates; undefined where a row has its own item alone. */
  readonly mask: tf.Tensor | undefined;
  /** Weight of every candidate, same shape; 0 for padding and where the store has no score. */
  readonly weights: tf.Tensor;
  /** [B] or [U] weight of every list. */
  readonly listWeights: tf.Tensor;
  /** What belongs to all candidates of the rows, at those of the space. */
  readonly take: (values: tf.Tensor) => tf.Tensor;
}

export type SpaceName = DistillTerm["space"];

export interface SpaceInputs {
  readonly student: TwoTower;
  readonly values: Values<DssmParameters>;
  readonly batch: TensorBatch;
  readonly context: StepContext;
  readonly scores: StudentScores;
  /** The teacher's outputs on the rows, where the run has a teacher. */
  readonly heads: RankerOutputs | undefined;
}

/** The spaces of a step; each is computed once, when a term asks for it. */
export function distillationSpaces(inputs: SpaceInputs): Readonly<Record<SpaceName, () => DistillationSpace>> {
  return {
    rows: once(() => rowSpace(inputs, (values) => values)),
    exposed: once(() => rowSpace(inputs, ownColumn)),
    sampled: once(() => rowSpace(inputs, sampledColumns)),
    lists: once(() => listSpace(inputs)),
  };
}

function rowSpace({ scores, heads, batch }: SpaceInputs, take: DistillationSpace["take"]): DistillationSpace {
  const scored = heads === undefined ? batch["score/mask"] : undefined;
  const onlyScored = (weights: tf.Tensor): tf.Tensor => (scored === undefined ? weights : tf.mul(weights, scored));
  const weights = take(onlyScored(candidateWeights(batch)));
  return {
    student: () => take(scores.logits()),
    teacher: (head) => take(heads === undefined ? batch[`score/${head}`]! : headOf(heads, head)),
    mask: weights.rank === 2 ? take(onlyScored(batch.mask!)) : undefined,
    weights,
    listWeights: batch.weight!,
    take,
  };
}

/** [B, N - 1] the candidates but the row's own. */
function sampledColumns(values: tf.Tensor): tf.Tensor {
  const [rows, candidates, ...rest] = values.shape as [number, number, ...number[]];
  const from = [0, 1, ...rest.map(() => 0)];
  return tf.slice(values, from, [rows, candidates - 1, ...rest]);
}

function listSpace({ student, values, batch, context }: SpaceInputs): DistillationSpace {
  const lists = withoutPrefix(batch, "lists/");
  const noise = noiseUnder(context.noise, "lists");
  const mask = lists.mask!;
  return {
    student: once(() =>
      student.score(values, student.userTower(values, lists, noise), student.itemTower(values, lists, noise)),
    ),
    teacher: (head) => lists[`score/${head}`]!,
    mask,
    weights: mask,
    listWeights: tf.max(mask, 1),
    take: (values) => values,
  };
}

function headOf(heads: RankerOutputs, head: string): tf.Tensor {
  return heads[head as "ctr" | "cvr" | "ctcvr"];
}

function withoutPrefix(batch: TensorBatch, prefix: string): TensorBatch {
  const own = Object.entries(batch).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
}
