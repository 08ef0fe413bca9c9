import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram } from "../../src/engine/program.ts";
import { jointBatch, jointInputs, jointModel, jointRates } from "./fixtures/joint-model.ts";
import { nativeEngine } from "./fixtures/native.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const { parameters, entries } = jointModel();
const call = { batch: jointBatch(1, 16), rates: jointRates, inputs: jointInputs };
const counts = () => [tf.memory().numTensors, native.backend.binding.getNumOfTensors()];

describe("memory", () => {
  it.each(["replay", "eager"])("grows by no tensor a step, %s", (executor) => {
    const atStart = counts();
    const program = createProgram(parameters, entries, { native, eager: executor === "eager" });
    program.train("train", call);
    program.forward("score", call.batch);
    const before = counts();
    for (let i = 0; i < 5; i++) {
      program.train("train", call);
      program.forward("score", call.batch);
    }
    expect(counts()).toEqual(before);
    program.close();
    expect(counts()).toEqual(atStart);
  });

  it("gives sessions back", () => {
    const { binding } = native.backend;
    const before = binding.getNumOfSavedModels();
    const program = createProgram(parameters, entries, { native });
    program.train("train", call);
    program.forward("score", call.batch);
    expect(binding.getNumOfSavedModels()).toBe(before + 1);
    program.close();
    expect(binding.getNumOfSavedModels()).toBe(before);
  });

  it("stays flat over thousands of replays", () => {
    const program = createProgram(parameters, entries, { native });
    const replays = (count: number): number => {
      for (let i = 0; i < count; i++) program.train("train", call);
      globalThis.gc?.();
      return process.memoryUsage().rss / 2 ** 20;
    };
    replays(1000); // warms allocators and caches
    const before = replays(500);
    expect(replays(2500) - before).toBeLessThan(30);
    program.close();
  });
});
