import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { lookup } from "../../src/engine/lookup.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { DenseOptimiser, Optimiser, TableOptimiser } from "../../src/engine/optimisers/index.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import type { Step } from "../../src/engine/step.ts";
import { expectClose } from "./fixtures/expect-close.ts";
import { nativeEngine } from "./fixtures/native.ts";
import { type SmallModel, smallBatch, smallModel, smallStep } from "./fixtures/small-model.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const DENSE: readonly DenseOptimiser[] = [
  { kind: "sgd" },
  { kind: "momentum" },
  { kind: "momentum", nesterov: true },
  { kind: "adam" },
  { kind: "adamw", weightDecay: 0.1 },
  { kind: "adagrad" },
];
const TABLES: readonly TableOptimiser[] = [
  { kind: "sgd" },
  { kind: "adagrad" },
  { kind: "row-wise-adagrad" },
  { kind: "lazy-adam" },
];
const cases: readonly (readonly [string, Optimiser])[] = [
  ...DENSE.map((dense) => [`dense ${JSON.stringify(dense)}`, { dense, table: { kind: "sgd" } }] as const),
  ...TABLES.map((table) => [`tables ${JSON.stringify(table)}`, { dense: { kind: "sgd" }, table }] as const),
  ["clipping", { dense: { kind: "sgd" }, table: { kind: "adagrad" }, clipNorm: 0.05 }],
  ["l2", { dense: { kind: "adam" }, table: { kind: "sgd" }, l2: 0.1 }],
  ["clipping and l2", { dense: { kind: "momentum" }, table: { kind: "lazy-adam" }, clipNorm: 0.05, l2: 0.1 }],
];

function programs(optimiser: Optimiser): readonly [replay: Program, eager: Program] {
  const train = { kind: "train" as const, step: smallStep, optimisers: { main: optimiser, head: optimiser } };
  const open = (eager: boolean): Program => createProgram(smallModel, { train }, { native, eager, seed: 3 });
  return [open(false), open(true)];
}

const call = (step: number) => ({
  batch: smallBatch(step),
  rates: { main: { dense: 0.02, table: 0.05 }, head: 0.01 * (1 + step / 50) },
  inputs: { weight: 0.1 + step / 100 },
});

describe("replay", () => {
  it.each(cases)("equals eager: %s", (_, optimiser) => {
    const [replay, eager] = programs(optimiser);
    expect([replay.executor, eager.executor]).toEqual(["replay", "eager"]);
    const reports = [replay, eager].map((program) => program.train("train", call(0)));
    expectClose([reports[0]!.loss], [reports[1]!.loss], { relative: 1e-6, what: "loss" });
    expect(Object.keys(reports[0]!.parts)).toEqual(["fit", "size"]);
    expect(Object.keys(reports[0]!.gradientNorms)).toEqual(optimiser.clipNorm ? ["main", "head"] : []);
    for (const kind of ["parts", "gradientNorms"] as const)
      expectClose(Object.values(reports[0]![kind]), Object.values(reports[1]![kind]), { relative: 1e-5, what: kind });
    for (const { name } of replay.variables)
      expectClose(replay.read(name), eager.read(name), { relative: 1e-5, what: name });
    for (let step = 1; step < 50; step++) {
      const [a, b] = [replay, eager].map((program) => program.train("train", call(step)).loss);
      expectClose([a!], [b!], { relative: 1e-3, what: `loss of step ${step}` });
    }
    replay.close();
    eager.close();
  });

  it.each([1, 2])("equals eager on %i rows", (rows) => {
    const [replay, eager] = programs({ dense: { kind: "adam" }, table: { kind: "adagrad" }, clipNorm: 0.1 });
    for (let step = 0; step < 3; step++) {
      const batch = smallBatch(step, rows);
      const [a, b] = [replay, eager].map((program) => program.train("train", { ...call(step), batch }));
      expectClose([a!.loss, a!.gradientNorms.main!], [b!.loss, b!.gradientNorms.main!], { relative: 1e-5 });
    }
    for (const { name } of replay.variables)
      expectClose(replay.read(name), eager.read(name), { relative: 3e-5, what: name });
    replay.close();
    eager.close();
  });

  it.each(["items", "words"] as const)("looks %s up by ids that the step itself computes", (name) => {
    const step: Step<SmallModel> = (values, batch) => {
      const rows = lookup(values[name], tf.add(batch.item!, tf.scalar(1, "int32")));
      return { loss: tf.mean(tf.square(tf.sub(rows, 1))) as tf.Scalar, parts: {} };
    };
    const given = lookupGiven(name);
    const optimisers = { main: { dense: { kind: "sgd" }, table: { kind: "sgd" } } } as const;
    const item = { data: Int32Array.from([1, 3, 3, 5]), shape: [4] };
    const next = { data: item.data.map((id) => id + 1), shape: [4] };
    const [made, eager, plain] = ([step, step, given] as const).map((each, i) => {
      const train = { kind: "train" as const, step: each, optimisers };
      const program = createProgram(smallModel, { train }, { native, eager: i === 1, seed: 3 });
      program.train("train", { batch: { item: i === 2 ? next : item }, rates: { main: 0.5 }, inputs: {} });
      const values = program.read(`small/${name}`);
      program.close();
      return values;
    });
    expectClose(made!, plain!, { relative: 1e-6 });
    expectClose(eager!, plain!, { relative: 1e-6 });
  });

  it("trains: the loss of one batch falls", () => {
    const [replay, eager] = programs({ dense: { kind: "adam" }, table: { kind: "adagrad" } });
    const losses = Array.from({ length: 60 }, () => replay.train("train", { ...call(1), inputs: { weight: 0 } }).loss);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! * 0.7);
    replay.close();
    eager.close();
  });
});

/** The same step on ids that come with the batch. */
function lookupGiven(name: "items" | "words"): Step<SmallModel> {
  return (values, batch) => ({
    loss: tf.mean(tf.square(tf.sub(lookup(values[name], batch.item!), 1))) as tf.Scalar,
    parts: {},
  });
}
