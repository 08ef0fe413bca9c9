// The joint step of the benchmark: an MMoE teacher and a DSSM student over 12 fields of one id space, in one program.
// B = rows, F = fields, D = embedding width, E = experts, H = expert width
import * as tf from "@tensorflow/tfjs";
import { lookup } from "../../src/engine/lookup.ts";
import type { DenseParameter, TableParameter, Values } from "../../src/engine/parameters.ts";
import type { Step, TrainEntry } from "../../src/engine/step.ts";
import { stopGradient } from "../../src/engine/stop-gradient.ts";
import { applyDense, type DenseLayer, denseLayer } from "../../src/nn/dense.ts";
import { l2Normalise } from "../../src/nn/l2-normalise.ts";
import { applyMlp, type Mlp, mlp } from "../../src/nn/mlp.ts";

export const WIDTH = 16;
export const USER_FIELDS = 6;
export const FIELDS = 12;
export const EXPERTS = 8;
const INPUTS = FIELDS * WIDTH;
const [HIDDEN, EXPERT_WIDTH] = [256, 128];

type Parameters = {
  readonly teacher: {
    readonly table: TableParameter;
    readonly kernel1: DenseParameter;
    readonly bias1: DenseParameter;
    readonly kernel2: DenseParameter;
    readonly bias2: DenseParameter;
    readonly gates: DenseLayer;
    readonly towers: readonly Mlp[];
  };
  readonly student: { readonly table: TableParameter; readonly user: Mlp; readonly item: Mlp };
};

/** Adam, and Adagrad on tables. */
export const OPTIMISER = { dense: { kind: "adam" }, table: { kind: "adagrad" } } as const;

/** Learning rates of the step, per group. */
export const RATES = { teacher: { dense: 1e-3, table: 0.05 }, student: { dense: 1e-3, table: 0.05 } } as const;

const normal = { kind: "normal", deviation: 0.05, seed: 0 } as const;

/** The one table of a model. */
export function stepTable(group: string, rows: number): TableParameter {
  return { kind: "table", name: `${group}/table`, rows, width: WIDTH, initialiser: normal, group, update: "rows" };
}

/** Parameters of teacher and student; each has one table of `rows` rows. */
export function jointParameters(rows: number): Parameters {
  const dense = (name: string, shape: readonly number[], value: DenseParameter["initialiser"]): DenseParameter => ({
    kind: "dense",
    name: `teacher/experts/${name}`,
    shape,
    initialiser: value,
    group: "teacher",
  });
  const zero = { kind: "constant", value: 0 } as const;
  const scope = (name: string) => ({ name, group: name.split("/")[0]!, seed: 0 });
  return {
    teacher: {
      table: stepTable("teacher", rows),
      kernel1: dense("0/kernel", [INPUTS, EXPERTS * HIDDEN], normal),
      bias1: dense("0/bias", [EXPERTS * HIDDEN], zero),
      kernel2: dense("1/kernel", [EXPERTS, HIDDEN, EXPERT_WIDTH], normal),
      bias2: dense("1/bias", [EXPERTS, 1, EXPERT_WIDTH], zero),
      gates: denseLayer(scope("teacher/gates"), INPUTS, 2 * EXPERTS),
      towers: [0, 1].map((task) => mlp(scope(`teacher/tower${task}`), EXPERT_WIDTH, [64, 1])),
    },
    student: {
      table: stepTable("student", rows),
      user: mlp(scope("student/user"), USER_FIELDS * WIDTH, [256, 128, 64]),
      item: mlp(scope("student/item"), (FIELDS - USER_FIELDS) * WIDTH, [256, 128, 64]),
    },
  };
}

/** Binary cross-entropy, mean over the batch. */
export function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, labels)));
}

function teacherLogits(values: Values<Parameters>["teacher"], x_BD: tf.Tensor): readonly [tf.Tensor, tf.Tensor] {
  const rows = x_BD.shape[0]!;
  const kernels1 = tf.split(values.kernel1, EXPERTS, 1);
  const biases1 = tf.split(values.bias1, EXPERTS);
  const kernels2 = tf.unstack(values.kernel2);
  const biases2 = tf.unstack(tf.squeeze(values.bias2, [1]));
  const out_BH = kernels1.map((kernel1, e) => {
    const h_BH = tf.relu(applyDense({ kernel: kernel1, bias: biases1[e]! }, x_BD));
    return tf.relu(applyDense({ kernel: kernels2[e]!, bias: biases2[e]! }, h_BH));
  });
  const gates = tf.softmax(tf.reshape(applyDense(values.gates, x_BD), [rows, 2, EXPERTS]));
  const mixed = tf.matMul(gates, tf.stack(out_BH, 1));
  const [ctr, cvr] = tf.unstack(mixed, 1).map((x, task) => tf.reshape(applyMlp(values.towers[task]!, x), [rows]));
  return [ctr!, cvr!];
}

function studentLogits(values: Values<Parameters>["student"], ids: tf.Tensor): tf.Tensor {
  const rows = ids.shape[0]!;
  const e = tf.reshape(lookup(values.table, ids), [rows, INPUTS]);
  const [userFields, itemFields] = tf.split(e, [USER_FIELDS * WIDTH, INPUTS - USER_FIELDS * WIDTH], 1);
  const user = l2Normalise(applyMlp(values.user, userFields!));
  const item = l2Normalise(applyMlp(values.item, itemFields!));
  return tf.mul(tf.sum(tf.mul(user, item), -1), 10);
}

/** BCE of CTR and of CTCVR = CTR x CVR, BCE of the student on clicks, KL of the student to the teacher over the batch. */
const step: Step<Parameters> = (values, batch) => {
  const ids = batch.ids!;
  const x_BD = tf.reshape(lookup(values.teacher.table, ids), [ids.shape[0]!, INPUTS]);
  const [ctr, cvr] = teacherLogits(values.teacher, x_BD);
  const click = crossEntropy(ctr, batch.click!);
  const ctcvr = tf.mul(tf.sigmoid(ctr), tf.sigmoid(cvr));
  const p = tf.clipByValue(ctcvr, 1e-7, 1 - 1e-7);
  const y = batch.conversion!;
  const conversion = tf.neg(tf.mean(tf.add(tf.mul(y, tf.log(p)), tf.mul(tf.sub(1, y), tf.log(tf.sub(1, p))))));
  const logits = studentLogits(values.student, ids);
  const hard = crossEntropy(logits, batch.click!);
  const target = tf.logSoftmax(tf.log(tf.add(stopGradient(ctcvr), 1e-7)));
  const distil = tf.sum(tf.mul(tf.exp(target), tf.sub(target, tf.logSoftmax(logits))));
  const parts = { click, conversion, hard, distil } as Record<string, tf.Scalar>;
  return { loss: tf.addN(Object.values(parts)) as tf.Scalar, parts };
};

export const jointEntry: TrainEntry<Parameters> = {
  kind: "train",
  step,
  optimisers: { teacher: OPTIMISER, student: OPTIMISER },
};
