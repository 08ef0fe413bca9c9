import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { profileEntry } from "../../src/engine/profile.ts";
import { createProgram } from "../../src/engine/program.ts";
import { jointBatch, jointInputs, jointModel, jointRates } from "./fixtures/joint-model.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const { parameters, entries } = jointModel();
const options = { batch: jointBatch(1, 16), inputs: jointInputs, repeats: 1 };

describe("profileEntry", () => {
  it("times every op of the captured step once, and sums them by type, dearest first", () => {
    const { ops, types, milliseconds } = profileEntry(native, parameters, entries, "train", options);
    const counted = Object.fromEntries(types.map(({ op, count }) => [op, count]));
    expect(counted).toMatchObject({ ReluGrad: expect.any(Number), ResourceApplyAdam: expect.any(Number) });
    for (const [op, count] of Object.entries(counted)) expect(ops.filter((one) => one.op === op)).toHaveLength(count);
    expect(ops.reduce((sum, op) => sum + op.milliseconds, 0)).toBeCloseTo(milliseconds, 6);
    expect(types.reduce((sum, type) => sum + type.milliseconds, 0)).toBeCloseTo(milliseconds, 6);
    expect(types.map((type) => type.milliseconds)).toEqual(
      types.map((type) => type.milliseconds).sort((a, b) => b - a),
    );
    const products = ops.filter(({ op }) => op === "MatMul");
    for (const { shapes, flags } of products) {
      const [a, b] = shapes as [number[], number[]];
      expect(a[flags.includes("transpose_a") ? 0 : 1]).toBe(b[flags.includes("transpose_b") ? 1 : 0]);
    }
  });

  it("leaves programs and tensors as they were", () => {
    const program = createProgram(parameters, entries, { native });
    program.train("train", { batch: options.batch, rates: jointRates, inputs: jointInputs });
    const state = program.variables.map(({ name }) => program.read(name));
    const tensors = [tf.memory().numTensors, native.backend.binding.getNumOfTensors()];
    profileEntry(native, parameters, entries, "train", options);
    profileEntry(native, parameters, entries, "score", options);
    expect([tf.memory().numTensors, native.backend.binding.getNumOfTensors()]).toEqual(tensors);
    expect(program.variables.map(({ name }) => program.read(name))).toEqual(state);
    program.close();
  });

  it("names the entry that there is none of", () => {
    expect(() => profileEntry(native, parameters, entries, "trian", options)).toThrow(
      'entry must be one of train, score, got "trian"',
    );
  });
});
