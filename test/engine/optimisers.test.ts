// Losses that are linear in the parameters: the gradient is what the batch says, so a float64 oracle can follow.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { lookup } from "../../src/engine/lookup.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import {
  type DenseOptimiser,
  denseRule,
  type Optimiser,
  type TableOptimiser,
} from "../../src/engine/optimisers/index.ts";
import type { DenseParameter, TableParameter } from "../../src/engine/parameters.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import type { Step } from "../../src/engine/step.ts";
import { adagrad, adam, adamw, type Move, momentum, rowWiseAdagrad, type Slots, sgd } from "../oracle/optimisers.ts";
import { expectClose } from "./fixtures/expect-close.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const RATE = 0.05;
const STEPS = 5;
const EXECUTORS = ["replay", "eager"] as const;

const kernel: DenseParameter = {
  kind: "dense",
  name: "kernel",
  shape: [2, 3],
  initialiser: { kind: "normal", deviation: 1, seed: 1 },
  group: "main",
};
/** loss = sum(kernel * gradient). */
const denseStep: Step<{ kernel: DenseParameter }> = (values, batch) => ({
  loss: tf.sum(tf.mul(values.kernel, batch.gradient!)) as tf.Scalar,
  parts: {},
});

const ROWS = 6;
const WIDTH = 2;
const table: TableParameter = {
  kind: "table",
  name: "table",
  rows: ROWS,
  width: WIDTH,
  initialiser: { kind: "normal", deviation: 1, seed: 2 },
  group: "main",
  update: "rows",
};
/** loss = sum(rows * gradient) over two lookups, one of them a matrix of ids. */
const tableStep: Step<{ table: TableParameter }> = ({ table }, batch) => ({
  loss: tf.add(
    tf.sum(tf.mul(lookup(table, batch.ids!), batch.gradient!)),
    tf.sum(tf.mul(lookup(table, batch.history!), batch.historyGradient!)),
  ) as tf.Scalar,
  parts: {},
});

type Oracle = (row: number[], gradient: readonly number[], slots: Slots[], t: number) => number[];
const elementwise =
  (move: Move): Oracle =>
  (row, gradient, slots, t) =>
    row.map((value, d) => move(value, gradient[d]!, slots[d]!, RATE, t));

const DENSE: readonly (readonly [DenseOptimiser, Move])[] = [
  [{ kind: "sgd" }, sgd],
  [{ kind: "momentum", momentum: 0.8 }, momentum(0.8, false)],
  [{ kind: "momentum", nesterov: true }, momentum(0.9, true)],
  [{ kind: "adam" }, adam()],
  [{ kind: "adam", beta1: 0.8, beta2: 0.95, epsilon: 1e-3 }, adam(0.8, 0.95, 1e-3)],
  [{ kind: "adamw", weightDecay: 0.1 }, adamw(0.1)],
  [{ kind: "adagrad" }, adagrad()],
  [{ kind: "adagrad", epsilon: 1e-3, initialAccumulator: 0.5 }, adagrad(0.5, 1e-3)],
];
const TABLES: readonly (readonly [TableOptimiser, Oracle])[] = [
  [{ kind: "sgd" }, elementwise(sgd)],
  [{ kind: "adagrad" }, elementwise(adagrad())],
  [{ kind: "row-wise-adagrad" }, (row, gradient, slots) => rowWiseAdagrad(row, gradient, slots[0]!, RATE)],
  [{ kind: "lazy-adam" }, elementwise(adam())],
];

function open(executor: (typeof EXECUTORS)[number], optimiser: Partial<Optimiser>): Program {
  const optimisers = { main: { dense: { kind: "sgd" }, table: { kind: "sgd" }, ...optimiser } as Optimiser };
  return createProgram(
    { kernel, table },
    {
      dense: { kind: "train", step: (values, ...rest) => denseStep(values, ...rest), optimisers },
      table: { kind: "train", step: (values, ...rest) => tableStep(values, ...rest), optimisers },
    },
    { native, eager: executor === "eager" },
  );
}

/** Zero, or not so small that its float32 square vanishes. */
const gradient = fc.float({ min: -2, max: 2, noNaN: true }).map((x) => (Math.abs(x) < 1e-3 ? 0 : x));
const gradients = fc.array(gradient, { minLength: 6, maxLength: 6 });

describe.each(EXECUTORS)("dense optimisers, %s", (executor) => {
  it.each(DENSE)("%j equals the float64 formula", (optimiser, move) => {
    const program = open(executor, { dense: optimiser });
    const initial = Float64Array.from(program.read("kernel"));
    fc.assert(
      fc.property(fc.array(gradients, { minLength: STEPS, maxLength: STEPS }), (steps) => {
        reset(program);
        const slots: Slots[] = Array.from(initial, () => ({}));
        let expected = Array.from(initial);
        steps.forEach((gradient, t) => {
          const batch = { gradient: { data: Float32Array.from(gradient), shape: [2, 3] } };
          program.train("dense", { batch, rates: { main: RATE } });
          expected = expected.map((value, i) => move(value, gradient[i]!, slots[i]!, RATE, t + 1));
        });
        expectClose(program.read("kernel"), expected, { relative: 3e-5 });
      }),
      { numRuns: 12, examples: [[Array.from({ length: STEPS }, () => [0, 1, -1, 0.001, 2, -0.5])]] },
    );
    program.close();
  });
});

/** Sum of the gradients of each row but the padding row. */
function rowSums(ids: readonly number[], gradient: readonly number[]): Map<number, number[]> {
  const sums = new Map<number, number[]>();
  ids.forEach((id, i) => {
    if (id === 0) return;
    const sum = sums.get(id) ?? new Array<number>(WIDTH).fill(0);
    sums.set(
      id,
      sum.map((value, d) => value + gradient[i * WIDTH + d]!),
    );
  });
  return sums;
}

const LOOKUPS = 3 + 4;
const reads = fc.record({
  ids: fc.array(fc.integer({ min: 0, max: ROWS - 1 }), { minLength: LOOKUPS, maxLength: LOOKUPS }),
  gradient: fc.array(gradient, { minLength: LOOKUPS * WIDTH, maxLength: LOOKUPS * WIDTH }),
});

function tableBatch({ ids, gradient }: { readonly ids: readonly number[]; readonly gradient: readonly number[] }) {
  return {
    ids: { data: Int32Array.from(ids.slice(0, 3)), shape: [3] },
    history: { data: Int32Array.from(ids.slice(3)), shape: [2, 2] },
    gradient: { data: Float32Array.from(gradient.slice(0, 3 * WIDTH)), shape: [3, WIDTH] },
    historyGradient: { data: Float32Array.from(gradient.slice(3 * WIDTH)), shape: [2, 2, WIDTH] },
  };
}

/** First values, slots and counts again. */
function reset(program: Program): void {
  const fresh = createProgram({ kernel, table }, {}, {});
  for (const { name, role, initial, shape } of program.variables) {
    if (role === "parameter") program.write(name, fresh.read(name));
    else if (initial.kind === "constant")
      program.write(name, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(initial.value));
  }
  program.setCounts({});
  fresh.close();
}

describe.each(EXECUTORS)("table optimisers, %s", (executor) => {
  it.each(TABLES)("%j equals the float64 formula, duplicates summed, over two lookups", (optimiser, move) => {
    const program = open(executor, { table: optimiser });
    const initial = program.read("table");
    expect(Array.from(initial.subarray(0, WIDTH))).toEqual([0, 0]);
    fc.assert(
      fc.property(fc.array(reads, { minLength: STEPS, maxLength: STEPS }), (steps) => {
        reset(program);
        const expected = Array.from({ length: ROWS }, (_, id) =>
          Array.from(initial.subarray(id * WIDTH, (id + 1) * WIDTH)),
        );
        const slots: Slots[][] = expected.map((row) => row.map(() => ({})));
        steps.forEach((read, t) => {
          program.train("table", { batch: tableBatch(read), rates: { main: RATE } });
          for (const [id, sum] of rowSums(read.ids, read.gradient))
            expected[id] = move(expected[id]!, sum, slots[id]!, t + 1);
        });
        expectClose(program.read("table"), expected.flat(), { relative: 3e-5 });
        expect(Array.from(program.read("table", 0, 1)), "padding row").toEqual([0, 0]);
      }),
      {
        numRuns: 15,
        examples: [
          [
            Array.from({ length: STEPS }, () => ({
              ids: [3, 3, 3, 3, 0, 3, 0],
              gradient: Array.from({ length: LOOKUPS * WIDTH }, (_, i) => i / 7 - 1),
            })),
          ],
        ],
      },
    );
    program.close();
  });

  it("clips by the joint norm of summed rows and dense gradients, padding left out", () => {
    const optimiser: Optimiser = { dense: { kind: "sgd" }, table: { kind: "sgd" }, clipNorm: 1 };
    const both: Step<{ kernel: DenseParameter; table: TableParameter }> = (values, batch, context) => ({
      loss: tf.add(
        denseStep(values, batch, context).loss,
        tf.sum(tf.mul(lookup(values.table, batch.ids!), batch.rows!)),
      ) as tf.Scalar,
      parts: {},
    });
    const program = createProgram(
      { kernel, table },
      { train: { kind: "train", step: both, optimisers: { main: optimiser } } },
      { native, eager: executor === "eager" },
    );
    const [before, rowsBefore] = [program.read("kernel"), program.read("table")];
    const gradient = [1, 0, -1, 0.5, 0, 0];
    const report = program.train("train", {
      batch: {
        gradient: { data: Float32Array.from(gradient), shape: [2, 3] },
        ids: { data: Int32Array.of(2, 0, 2), shape: [3] },
        rows: { data: Float32Array.of(1, 0, 100, 100, 1, -1), shape: [3, WIDTH] },
      },
      rates: { main: 1 },
    });
    const norm = Math.sqrt(1 + 1 + 0.25 + 4 + 1); // row 2: (1, 0) + (1, -1)
    expectClose([report.gradientNorms.main!], [norm], { relative: 1e-6 });
    expectClose(
      program.read("kernel"),
      before.map((value, i) => value - gradient[i]! / norm),
      { relative: 1e-5 },
    );
    const expected = rowsBefore.slice();
    expected[2 * WIDTH]! -= 2 / norm;
    expected[2 * WIDTH + 1]! -= -1 / norm;
    expectClose(program.read("table"), expected, { relative: 1e-5 });
    program.close();
  });

  it("adds l2 to dense gradients alone", () => {
    const program = open(executor, { l2: 0.5 });
    const before = program.read("kernel");
    const batch = { gradient: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] } };
    program.train("dense", { batch, rates: { main: 0.1 } });
    expectClose(
      program.read("kernel"),
      before.map((value, i) => value - 0.1 * (i + 1 + 0.5 * value)),
      { relative: 1e-5 },
    );
    const rows = program.read("table");
    const read = tableBatch({ ids: [1, 1, 1, 1, 1, 1, 1], gradient: new Array(LOOKUPS * WIDTH).fill(0) });
    program.train("table", { batch: read, rates: { main: 0.1 } });
    expect(program.read("table")).toEqual(rows);
    program.close();
  });
});

it("bias corrections come from the numbers of the float32 op", () => {
  const rule = denseRule({ kind: "adam" });
  const beta2 = Math.fround(0.999);
  expect(rule.scalars(1, 1).rate).toBeCloseTo(Math.sqrt(1 - beta2) / (1 - Math.fround(0.9)), 12);
});
