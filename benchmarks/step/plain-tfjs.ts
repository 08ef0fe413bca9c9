// The joint step as a user of tfjs-node writes it by hand: tf.variable, tf.gather, variableGrads and two optimisers.
import * as tf from "@tensorflow/tfjs";
import type { HostBatch } from "../../src/engine/step.ts";
import { EXPERTS, FIELDS, USER_FIELDS, WIDTH } from "./joint-model.ts";

type Layer = readonly [kernel: tf.Variable, bias: tf.Variable];

const normal = (shape: number[]): tf.Variable => tf.variable(tf.randomNormal(shape, 0, 0.05));
const layers = (...widths: number[]): Layer[] =>
  widths.slice(1).map((outputs, i) => [normal([widths[i]!, outputs]), tf.variable(tf.zeros([outputs]))]);
const affine = (x: tf.Tensor, [kernel, bias]: Layer): tf.Tensor => tf.add(tf.matMul(x, kernel), bias);
const tower = (x: tf.Tensor, all: readonly Layer[]): tf.Tensor =>
  all.reduce((h, layer, i) => (i < all.length - 1 ? tf.relu(affine(h, layer)) : affine(h, layer)), x);
const unit = (x: tf.Tensor): tf.Tensor => tf.div(x, tf.norm(x, 2, -1, true));

function crossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return tf.mean(tf.sub(tf.softplus(logits), tf.mul(logits, labels)));
}

/** One step on a batch; returns its loss. */
export interface PlainStep {
  readonly step: (batch: HostBatch) => number;
  readonly dispose: () => void;
}

export function plainTfjs(rows: number): PlainStep {
  const tables = [normal([rows, WIDTH]), normal([rows, WIDTH])] as const;
  const inputs = FIELDS * WIDTH;
  const experts = Array.from({ length: EXPERTS }, () => layers(inputs, 256, 128));
  const gates = [0, 1].map(() => layers(inputs, EXPERTS)[0]!);
  const towers = [0, 1].map(() => layers(128, 64, 1));
  const user = layers(USER_FIELDS * WIDTH, 256, 128, 64);
  const item = layers(inputs - USER_FIELDS * WIDTH, 256, 128, 64);
  const dense = [...experts.flat(2), ...gates.flat(), ...towers.flat(2), ...user.flat(), ...item.flat()];
  const [adam, adagrad] = [tf.train.adam(1e-3), tf.train.adagrad(0.05)];

  const teacher = (x: tf.Tensor): tf.Tensor[] => {
    const h = tf.stack(
      experts.map((expert) => expert.reduce((y, layer) => tf.relu(affine(y, layer)), x)),
      1,
    );
    return gates.map((gate, task) => {
      const mixed = tf.sum(tf.mul(tf.expandDims(tf.softmax(affine(x, gate)), 2), h), 1);
      return tf.squeeze(tower(mixed, towers[task]!), [1]);
    });
  };
  const loss = (ids: tf.Tensor1D, click: tf.Tensor, conversion: tf.Tensor): tf.Scalar => {
    const [a, b] = tables.map((table) => tf.reshape(tf.gather(table, ids), [-1, inputs])) as [tf.Tensor, tf.Tensor];
    const [ctr, cvr] = teacher(a) as [tf.Tensor, tf.Tensor];
    const ctcvr = tf.mul(tf.sigmoid(ctr), tf.sigmoid(cvr));
    const p = tf.clipByValue(ctcvr, 1e-7, 1 - 1e-7);
    const hit = tf.mul(conversion, tf.log(p));
    const missed = tf.mul(tf.sub(1, conversion), tf.log(tf.sub(1, p)));
    const [userFields, itemFields] = tf.split(b, [USER_FIELDS * WIDTH, inputs - USER_FIELDS * WIDTH], 1);
    const logits = tf.mul(tf.sum(tf.mul(unit(tower(userFields!, user)), unit(tower(itemFields!, item))), -1), 10);
    const detached = tf.customGrad(() => ({ value: tf.log(tf.add(ctcvr, 1e-7)), gradFunc: () => [] }))();
    const target = tf.logSoftmax(detached);
    const distil = tf.sum(tf.mul(tf.exp(target), tf.sub(target, tf.logSoftmax(logits))));
    const parts = [crossEntropy(ctr, click), tf.neg(tf.mean(tf.add(hit, missed))), crossEntropy(logits, click), distil];
    return tf.addN(parts) as tf.Scalar;
  };

  const step = (batch: HostBatch): number =>
    tf.tidy(() => {
      const ids = tf.tensor1d(batch.ids!.data, "int32");
      const [click, conversion] = [tf.tensor1d(batch.click!.data), tf.tensor1d(batch.conversion!.data)];
      const { value, grads } = tf.variableGrads(() => loss(ids, click, conversion), [...tables, ...dense]);
      const of = (variables: readonly tf.Variable[]) => variables.map(({ name }) => ({ name, tensor: grads[name]! }));
      adam.applyGradients(of(dense));
      adagrad.applyGradients(of(tables));
      return value.dataSync()[0]!;
    });
  return {
    step,
    dispose: () => {
      adam.dispose();
      adagrad.dispose();
      tf.dispose([...tables, ...dense]);
    },
  };
}
