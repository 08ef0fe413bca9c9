import type * as tf from "@tensorflow/tfjs";
import { inBatchHinge, inBatchLogistic } from "../../../src/distill/losses/in-batch-pairs.ts";
import { inBatchSoftmax } from "../../../src/distill/losses/in-batch-softmax.ts";
import {
  hingeOverNegatives,
  logisticOverNegatives,
  softmaxOverNegatives,
} from "../../../src/distill/losses/over-negatives.ts";
import { refinedSoftmax } from "../../../src/distill/losses/refined-softmax.ts";
import type { RandomStream } from "../../../src/random.ts";
import * as oracle from "../../oracle/losses/in-batch.ts";
import { type Expected, type Input, type Inputs, input, type LossCase, normals, type Tensors } from "../loss-case.ts";

/** Two more columns than rows. */
const EXTRA = 2;

type Options = { readonly known?: tf.Tensor; readonly mask?: tf.Tensor1D; readonly extraMask?: tf.Tensor1D };

interface MatrixCase {
  readonly name: string;
  readonly loss: (logits: tf.Tensor, options: Options, logQ: tf.Tensor) => tf.Tensor;
  /** Loss of row `own` with the columns that may be its negatives. */
  readonly row: (
    z: readonly number[],
    own: number,
    negatives: readonly number[],
    logQ: readonly number[],
    base: readonly number[],
  ) => oracle.RowLoss;
  /** The loss of item i's users, of the first B columns: averaged with the rows'. */
  readonly symmetric?: boolean;
  readonly nonNegative?: boolean;
}

function matrixCase({ name, loss, row, symmetric = false, nonNegative = true }: MatrixCase): LossCase {
  return {
    name,
    flowing: ["logits"],
    nonNegative,
    inputs: (stream, rows) => ({
      logits: normals(stream, [rows, rows + EXTRA], 2),
      known: bits(stream, [rows, rows + EXTRA], 0.2),
      mask: bits(stream, [rows], 0.8),
      extraMask: bits(stream, [EXTRA], 0.7),
      logQ: input(
        [rows + EXTRA],
        Array.from({ length: rows + EXTRA }, () => -0.5 - 3 * stream.uniform()),
      ),
    }),
    loss: ({ logits, known, mask, extraMask, logQ }: Tensors) =>
      loss(logits!, { known: known!, mask: mask as tf.Tensor1D, extraMask: extraMask as tf.Tensor1D }, logQ!),
    oracle: (inputs, upstream) => {
      const byRows = overRows(inputs, upstream, row, inputs);
      return symmetric ? halved(byRows, overColumns(inputs, upstream)) : byRows;
    },
    held: (base, moved) => {
      const byRows = overRows(moved, [], row, base);
      return (symmetric ? halved(byRows, overColumns(moved, [])) : byRows).values;
    },
    sizes: [
      [1, 1],
      [2, 2],
      [5, 5],
      [9, 9],
    ],
  };
}

const bits = (stream: RandomStream, shape: readonly number[], share: number): Input =>
  input(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (stream.uniform() < share ? 1 : 0)),
  );

function overRows(inputs: Inputs, upstream: readonly number[], row: MatrixCase["row"], base: Inputs): Expected {
  const { logits, known, mask, extraMask, logQ } = inputs;
  const [rows, columns] = logits!.shape as [number, number];
  const rowOf = (given: Input, i: number): number[] => given.data.slice(i * columns, (i + 1) * columns);
  const real = [...mask!.data, ...extraMask!.data];
  const results = Array.from({ length: rows }, (_, i) => {
    if (mask!.data[i] === 0) return { value: 0, gradient: new Array<number>(columns).fill(0) };
    const negatives = real.flatMap((on, j) => (on === 1 && j !== i && rowOf(known!, i)[j] === 0 ? [j] : []));
    return row(rowOf(logits!, i), i, negatives, logQ!.data, rowOf(base.logits!, i));
  });
  return {
    values: results.map(({ value }) => value),
    gradients: { logits: results.flatMap(({ gradient }, i) => gradient.map((x) => x * (upstream[i] ?? 0))) },
  };
}

/** Softmax of each item's own user among the users that do not know the item. */
function overColumns(inputs: Inputs, upstream: readonly number[]): Expected {
  const { logits, known, mask } = inputs;
  const [rows, columns] = logits!.shape as [number, number];
  const gradient = new Array<number>(rows * columns).fill(0);
  const values = Array.from({ length: rows }, (_, item) => {
    if (mask!.data[item] === 0) return 0;
    const column = Array.from({ length: rows }, (_, user) => logits!.data[user * columns + item]!);
    const users = column.flatMap((_, user) =>
      user !== item && mask!.data[user] === 1 && known!.data[user * columns + item] === 0 ? [user] : [],
    );
    const { value, gradient: slopes } = oracle.rowSoftmax(column, item, users);
    slopes.forEach((slope, user) => {
      gradient[user * columns + item]! += slope * (upstream[item] ?? 0);
    });
    return value;
  });
  return { values, gradients: { logits: gradient } };
}

const halved = (a: Expected, b: Expected): Expected => ({
  values: a.values.map((x, i) => (x + b.values[i]!) / 2),
  gradients: { logits: a.gradients.logits!.map((x, i) => (x + b.gradients.logits![i]!) / 2) },
});

const none = (z: readonly number[]): number[] => z.map(() => 0);

export const inBatchCases: readonly LossCase[] = [
  matrixCase({
    name: "inBatchSoftmax",
    loss: (z, options) => inBatchSoftmax(z, options),
    row: (z, own, negatives) => oracle.rowSoftmax(z, own, negatives),
  }),
  matrixCase({
    name: "inBatchSoftmax symmetric",
    loss: (z, options) => inBatchSoftmax(z, { ...options, symmetric: true }),
    row: (z, own, negatives) => oracle.rowSoftmax(z, own, negatives),
    symmetric: true,
  }),
  matrixCase({
    name: "inBatchSoftmax hardest 2, log q",
    loss: (z, options, logQ) => inBatchSoftmax(z, { ...options, logQ, hardest: 2 }),
    row: (z, own, negatives, logQ) => {
      const corrected = z.map((x, j) => x - logQ[j]!);
      return oracle.rowSoftmax(z, own, oracle.hardest(corrected, negatives, 2), [...logQ]);
    },
  }),
  ...(["classic", "partial", "negatives-only"] as const).map((correction) =>
    matrixCase({
      name: `inBatchSoftmax ${correction}`,
      loss: (z, options, logQ) => inBatchSoftmax(z, { ...options, logQ, correction, share: 0.3 }),
      row: (z, own, negatives, logQ) =>
        oracle.rowSoftmax(z, own, negatives, oracle.shiftOf(correction, logQ, own, 0.3)),
    }),
  ),
  matrixCase({
    name: "refinedSoftmax",
    loss: (z, options, logQ) => refinedSoftmax(z, { ...options, logQ }),
    row: (z, own, negatives, logQ, base) =>
      oracle.refinedRow(z, own, negatives, logQ, oracle.refinedRow(base, own, negatives, logQ).weight),
    nonNegative: false,
  }),
  ...[1, 3].map((hardest) =>
    matrixCase({
      name: `inBatchHinge hardest ${hardest}`,
      loss: (z, options) => inBatchHinge(z, { ...options, hardest, margin: 0.5 }),
      row: (z, own, negatives) => oracle.rowPairs(z, own, oracle.hardest(z, negatives, hardest), oracle.hingeTerm(0.5)),
    }),
  ),
  matrixCase({
    name: "inBatchLogistic hardest 2, sharpness 3",
    loss: (z, options) => inBatchLogistic(z, { ...options, hardest: 2, sharpness: 3 }),
    row: (z, own, negatives) => oracle.rowPairs(z, own, oracle.hardest(z, negatives, 2), oracle.logisticTerm(3)),
  }),
];

interface NegativesCase {
  readonly name: string;
  readonly loss: (scores: tf.Tensor, mask: tf.Tensor | undefined, logQ: tf.Tensor) => tf.Tensor;
  readonly row: (z: readonly number[], negatives: readonly number[], logQ: readonly number[]) => oracle.RowLoss;
  readonly scores?: string;
}

/** Losses of a positive (item 0) against its own negatives, with the contract of lists. */
function negativesCase({ name, loss, row }: NegativesCase): LossCase {
  return {
    name,
    flowing: ["studentLogits"],
    alone: true,
    inputs: (stream, lists, length) => ({
      studentLogits: normals(stream, [lists, length]),
      logQ: normals(stream, [lists, length]),
    }),
    loss: ({ studentLogits, mask, logQ }: Tensors) => loss(studentLogits!, mask, logQ!),
    oracle: ({ studentLogits, mask, logQ }, upstream) => {
      const [lists, length] = studentLogits!.shape as [number, number];
      const results = Array.from({ length: lists }, (_, b) => {
        const part = (given: Input): number[] => given.data.slice(b * length, (b + 1) * length);
        const real = mask === undefined ? new Array<number>(length).fill(1) : part(mask);
        const negatives = real.flatMap((on, j) => (on === 1 && j > 0 ? [j] : []));
        if (real[0] === 0 || negatives.length === 0) return { value: 0, gradient: none(part(studentLogits!)) };
        return row(part(studentLogits!), negatives, part(logQ!));
      });
      return {
        values: results.map(({ value }) => value),
        gradients: { studentLogits: results.flatMap(({ gradient }, b) => gradient.map((x) => x * (upstream[b] ?? 0))) },
      };
    },
    lists: { permutable: "all but the first", shiftInvariant: true, zeroWhenTied: false },
  };
}

const averaged = ({ value, gradient }: oracle.RowLoss, count: number): oracle.RowLoss => ({
  value: value / count,
  gradient: gradient.map((x) => x / count),
});

export const negativesCases: readonly LossCase[] = [
  negativesCase({
    name: "hingeOverNegatives",
    loss: (z, mask) => hingeOverNegatives(z, { mask, margin: 0.4 }),
    row: (z, negatives) => averaged(oracle.rowPairs(z, 0, negatives, oracle.hingeTerm(0.4)), negatives.length),
  }),
  negativesCase({
    name: "hingeOverNegatives hardest 2, sum",
    loss: (z, mask) => hingeOverNegatives(z, { mask, margin: 0.4, hardest: 2, reduction: "sum" }),
    row: (z, negatives) => oracle.rowPairs(z, 0, oracle.hardest(z, negatives, 2), oracle.hingeTerm(0.4)),
  }),
  negativesCase({
    name: "logisticOverNegatives sharpness 2",
    loss: (z, mask) => logisticOverNegatives(z, { mask, sharpness: 2 }),
    row: (z, negatives) => averaged(oracle.rowPairs(z, 0, negatives, oracle.logisticTerm(2)), negatives.length),
  }),
  negativesCase({
    name: "softmaxOverNegatives",
    loss: (z, mask) => softmaxOverNegatives(z, { mask }),
    row: (z, negatives) => oracle.rowSoftmax(z, 0, negatives),
  }),
  ...(["classic", "partial", "negatives-only"] as const).map((correction) =>
    negativesCase({
      name: `softmaxOverNegatives ${correction}`,
      loss: (z, mask, logQ) => softmaxOverNegatives(z, { mask, logQ, correction, share: 0.3 }),
      row: (z, negatives, logQ) => oracle.rowSoftmax(z, 0, negatives, oracle.shiftOf(correction, logQ, 0, 0.3)),
    }),
  ),
];
