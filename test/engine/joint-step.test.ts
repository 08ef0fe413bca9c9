// The product's own joint step on every executor and backend.
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import type { HostBatch } from "../../src/engine/step.ts";
import { BACKENDS, onBackend } from "./fixtures/backends.ts";
import { expectClose } from "./fixtures/expect-close.ts";
import { jointBatch, jointInputs, jointModel, jointRates } from "./fixtures/joint-model.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const { parameters, entries } = jointModel();
const open = (replay: boolean): Program =>
  createProgram(parameters, entries, { native: replay ? native : undefined, seed: 7 });
const call = (step: number, rows = 16) => ({ batch: jointBatch(step, rows), rates: jointRates, inputs: jointInputs });

/** What a few steps leave behind. */
function trained(program: Program, steps: number, rows?: number) {
  const losses = Array.from({ length: steps }, (_, step) => program.train("train", call(step, rows)));
  const scores = program.forward("score", jointBatch(99, 16));
  const state = program.variables.map(({ name }) => [name, program.read(name)] as const);
  program.close();
  return { losses, scores, state };
}

describe("the joint step", () => {
  it.each(BACKENDS)("is the same replayed and eager on %s after one step", async (backend) => {
    const replayed = trained(open(true), 1);
    const eager = await onBackend(backend, () => trained(open(false), 1));
    const [a, b] = [replayed.losses[0]!, eager.losses[0]!];
    expectClose([a.loss, ...Object.values(a.parts)], [b.loss, ...Object.values(b.parts)], { relative: 1e-5 });
    expectClose(Object.values(a.gradientNorms), Object.values(b.gradientNorms), { relative: 1e-5 });
    // Adam's first move is rate * sign(g): a gradient that is zero but for rounding may go either way.
    for (const [i, [name, values]] of replayed.state.entries())
      if (!/\/(m|v)$/.test(name)) expectClose(values, eager.state[i]![1], { relative: 5e-5, floor: 0.1, what: name });
    for (const [name, { data }] of Object.entries(replayed.scores))
      expectClose(data, eager.scores[name]!.data, { relative: 1e-4, floor: 0.1, what: name });
  });

  it("keeps its losses within 1e-3 of the eager ones over 50 steps", () => {
    const [replayed, eager] = [trained(open(true), 50), trained(open(false), 50)];
    replayed.losses.forEach(({ loss }, step) => {
      expectClose([loss], [eager.losses[step]!.loss], { relative: 1e-3, what: `step ${step}` });
    });
    expect(replayed.losses.at(-1)!.loss).toBeLessThan(replayed.losses[0]!.loss);
  });

  it.each([1, 2])("runs on %i rows", (rows) => {
    const [replayed, eager] = [trained(open(true), 3, rows), trained(open(false), 3, rows)];
    replayed.losses.forEach(({ loss }, step) => {
      expectClose([loss], [eager.losses[step]!.loss], { relative: 1e-4, what: `step ${step}` });
    });
  });

  it("moves every parameter by the gradients of its real rows alone", () => {
    const plainSgd = { dense: { kind: "sgd" }, table: { kind: "sgd" } } as const;
    const model = jointModel(0, { teacher: plainSgd, student: plainSgd });
    const [plain, padded] = [5, 16].map((rows) => {
      const program = createProgram(model.parameters, model.entries, { native });
      program.train("train", { batch: padTo(jointBatch(1, 5), 5, rows), rates: jointRates, inputs: jointInputs });
      return program;
    });
    for (const { name, byRows } of plain!.variables) {
      expectClose(padded!.read(name), plain!.read(name), { relative: 1e-5, what: name });
      if (byRows)
        expect(
          padded!.read(name, 0, 1).every((value) => value === 0),
          `${name} padding row`,
        ).toBe(true);
    }
    plain!.close();
    padded!.close();
  });
});

/** The batch with rows of zeros behind its own; square arrays grow both ways. */
function padTo(batch: HostBatch, from: number, rows: number): HostBatch {
  return Object.fromEntries(
    Object.entries(batch).map(([name, { data, shape }]) => {
      const square = name === "known";
      const [width, wide] = square ? [from, rows] : [data.length / from, data.length / from];
      const padded = data instanceof Int32Array ? new Int32Array(rows * wide) : new Float32Array(rows * wide);
      for (let row = 0; row < from; row++) padded.set(data.subarray(row * width, (row + 1) * width), row * wide);
      return [name, { data: padded, shape: square ? [rows, rows] : [rows, ...shape.slice(1)] }];
    }),
  );
}

/** Names that the profile gives to scopes of tfjs (customGrad, op), which are no kernels. */
const SCOPES: ReadonlySet<string> = new Set(["unnamed scope", "logSoftmax__op"]);

describe("the kernels of the joint step", () => {
  it("are on every backend", async () => {
    const kernels = await onBackend("cpu", async () => {
      const program = open(false);
      const { kernelNames } = await tf.profile(() => {
        program.train("train", call(0));
        program.forward("score", jointBatch(1, 4));
      });
      program.close();
      return [...new Set(kernelNames)].filter((name) => !SCOPES.has(name)).sort();
    });
    expect(kernels).toMatchInlineSnapshot(`
      [
        "Abs",
        "Add",
        "BatchMatMul",
        "Cast",
        "Concat",
        "Equal",
        "Exp",
        "ExpandDims",
        "Fill",
        "Floor",
        "Greater",
        "GreaterEqual",
        "Identity",
        "Log",
        "Log1p",
        "Max",
        "Maximum",
        "Multiply",
        "Neg",
        "NotEqual",
        "Pack",
        "PadV2",
        "Pow",
        "Range",
        "RealDiv",
        "Relu",
        "Reshape",
        "Rsqrt",
        "Select",
        "Sigmoid",
        "Slice",
        "Softmax",
        "SplitV",
        "Sqrt",
        "Square",
        "Step",
        "Sub",
        "Sum",
        "Unpack",
      ]
    `);
    for (const backend of BACKENDS)
      expect(
        kernels.filter((name) => tf.getKernel(name, backend) === undefined),
        `missing on ${backend}`,
      ).toEqual([]);
  });
});
