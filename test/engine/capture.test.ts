import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { DenseParameter } from "../../src/engine/parameters.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import { record } from "../../src/engine/record.ts";
import type { Entries, HostBatch, Step, StepContext, TensorBatch } from "../../src/engine/step.ts";
import { ConfigError } from "../../src/errors.ts";
import { nativeEngine } from "./fixtures/native.ts";
import { smallBatch, smallModel, smallStep } from "./fixtures/small-model.ts";

let native: NativeEngine;
beforeAll(async () => {
  native = await nativeEngine();
});

const kernel: DenseParameter = {
  kind: "dense",
  name: "kernel",
  shape: [2],
  initialiser: { kind: "constant", value: 1 },
  group: "main",
};
type Body = (x: tf.Tensor, batch: TensorBatch, context: StepContext) => tf.Tensor;
const batch: HostBatch = {
  x: { data: Float32Array.of(3, -4), shape: [2] },
  ids: { data: Int32Array.of(1, 0), shape: [2] },
};

/** Loss = sum of what `body` makes of kernel * x. */
function program(body: Body): Program {
  const step: Step<{ kernel: DenseParameter }> = (values, given, context) => ({
    loss: tf.sum(body(tf.mul(values.kernel, given.x!), given, context)) as tf.Scalar,
    parts: {},
  });
  const optimisers = { main: { dense: { kind: "sgd" }, table: { kind: "sgd" } } } as const;
  return createProgram({ kernel }, { train: { kind: "train", step, optimisers } }, { native });
}

const run = (opened: Program): number =>
  opened.train("train", { batch, rates: { main: 0.1 }, inputs: { rate: 0.5 } }).loss;

/** Message of the refusal, with the place in this file as "line". */
function refusal(body: Body): string {
  const opened = program(body);
  try {
    run(opened);
  } catch (error) {
    expect((error as Error).name).toBe("ConfigError");
    const { message } = error as Error;
    expect(message, "names a line of this file").toMatch(/ at \S*capture\.test\.ts:\d+;/);
    expect(opened.counts()).toEqual({});
    expect(opened.read("kernel")).toEqual(Float32Array.of(1, 1));
    return message.replace(/ at \S*capture\.test\.ts:\d+/, " at LINE");
  } finally {
    opened.close();
  }
  throw new Error("the step was captured");
}

const outside = () => tf.tensor1d([1, 2]);

describe("capture refuses", () => {
  it("values read back to JavaScript", () => {
    expect(refusal((y) => tf.mul(y, y.dataSync()[0]!))).toMatchInlineSnapshot(
      `"capture: a step must stay in tensors, got a value read back to JavaScript at LINE; replace dataSync, arraySync and branches on values by tf.where, or pass the value in as an input"`,
    );
    expect(refusal((y) => tf.mul(y, (y.arraySync() as number[])[0]!))).toMatchInlineSnapshot(
      `"capture: a step must stay in tensors, got a value read back to JavaScript at LINE; replace dataSync, arraySync and branches on values by tf.where, or pass the value in as an input"`,
    );
  });

  it("random numbers made in JavaScript", () => {
    expect(refusal((y) => tf.mul(y, Math.random()))).toMatchInlineSnapshot(
      `"capture of "train": a step must do the same on every call, got a constant of Mul that differs between two at LINE; pass changing numbers as inputs, use noise for randomness, and tf.where for branches"`,
    );
    expect(refusal((y) => tf.mul(y, tf.randomUniform([2])))).toMatchInlineSnapshot(
      `"capture of "train": a step must do the same on every call, got a constant of Mul that differs between two at LINE; pass changing numbers as inputs, use noise for randomness, and tf.where for branches"`,
    );
    expect(refusal((y) => tf.dropout(y, 0.5))).toMatchInlineSnapshot(
      `"capture of "train": a step must do the same on every call, got a constant of Add that differs between two at LINE; pass changing numbers as inputs, use noise for randomness, and tf.where for branches"`,
    );
  });

  it("branches on data", () => {
    let calls = 0;
    const flips: Body = (y) => (calls++ % 2 === 0 ? tf.relu(y) : tf.square(y));
    expect(refusal(flips)).toMatchInlineSnapshot(
      `"capture of "train": a step must do the same on every call, got Relu that differs between two at LINE; pass changing numbers as inputs, use noise for randomness, and tf.where for branches"`,
    );
  });

  it("a number that changes from step to step but is no input", () => {
    let rate = 1;
    const decays: Body = (y) => {
      rate *= 0.9;
      return tf.mul(y, rate);
    };
    expect(refusal(decays)).toMatchInlineSnapshot(
      `"capture of "train": a step must do the same on every call, got a constant of Mul that differs between two at LINE; pass changing numbers as inputs, use noise for randomness, and tf.where for branches"`,
    );
  });

  it("a tensor from outside", () => {
    const held = tf.keep(outside());
    expect(refusal((y) => tf.mul(y, held))).toMatchInlineSnapshot(
      `"capture: a step must make its tensors itself, got one from outside in Mul at LINE; pass it in the batch or as an input"`,
    );
    held.dispose();
  });
});

describe("capture takes", () => {
  it("inputs, noise, where, gather and constants", () => {
    const opened = program((y, given, { inputs, noise }) => {
      const scaled = tf.mul(y, inputs.rate!);
      const masked = tf.mul(scaled, noise.dropoutMask("y", [2], 0.5));
      const chosen = tf.where(tf.greater(masked, 0), masked, tf.tensor1d([0.25, 0.5]));
      return tf.gather(chosen, given.ids as tf.Tensor1D);
    });
    const losses = Array.from({ length: 6 }, () => run(opened));
    expect(losses.every(Number.isFinite)).toBe(true);
    expect(new Set(losses).size).toBeGreaterThan(1);
    opened.close();
  });

  it("an input that changes, without another capture", () => {
    const opened = program((y, _, { inputs }) => tf.mul(y, inputs.rate!));
    const losses = [2, 4].map((rate) => opened.train("train", { batch, rates: { main: 0 }, inputs: { rate } }).loss);
    expect(losses).toEqual([-2, -4]);
    expect(opened.captures).toHaveLength(1);
    opened.close();
  });

  it("needs every input on every call", () => {
    const opened = program((y, _, { inputs }) => tf.mul(y, inputs.rate!));
    run(opened);
    expect(() => opened.train("train", { batch, rates: { main: 0 } })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigError: program: input "rate" must be given, got none]`,
    );
    opened.close();
  });
});

describe("capture changes nothing", () => {
  const optimiser = { dense: { kind: "adam" }, table: { kind: "adagrad" } } as const;
  const entries = {
    train: { kind: "train", step: smallStep, optimisers: { main: optimiser, head: optimiser } },
    fails: {
      kind: "train",
      step: (values, given, context) => {
        const result = smallStep(values, given, context);
        result.loss.dataSync();
        return result;
      },
      optimisers: { main: optimiser },
    },
  } satisfies Entries<typeof smallModel>;
  const call = { batch: smallBatch(1), rates: { main: 0.1, head: 0.1 }, inputs: { weight: 0.5 } };

  it("in parameters, slots, counts, tensors and tfjs itself", () => {
    const opened = createProgram(smallModel, entries, { native });
    opened.train("train", call);
    const before = opened.variables.map(({ name }) => opened.read(name));
    const counts = opened.counts();
    const { binding } = native.backend;
    const [tensors, native_] = [tf.memory().numTensors, native.backend.binding.getNumOfTensors()];
    const relu = tf.getKernel("Relu", tf.getBackend());
    const reluGradient = tf.getGradient("Relu");
    expect(() => opened.train("fails", call)).toThrow("a value read back to JavaScript");
    expect(opened.variables.map(({ name }) => opened.read(name))).toEqual(before);
    expect(opened.counts()).toEqual(counts);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(native.backend.binding.getNumOfTensors()).toBe(native_);
    expect(tf.getKernel("Relu", tf.getBackend())).toBe(relu);
    expect(tf.getGradient("Relu")).toBe(reluGradient);
    expect(native.backend.binding).toBe(binding);
    opened.train("train", call);
    expect(opened.counts()).toEqual({ train: 2 });
    opened.close();
  });

  it("takes the step that it was called for, once", () => {
    const [captured, seen] = [0, 1].map(() => createProgram(smallModel, entries, { native, seed: 1 }));
    const first = captured!.train("train", call);
    seen!.train("train", call);
    expect(seen!.variables.map(({ name }) => seen!.read(name))).toEqual(
      captured!.variables.map(({ name }) => captured!.read(name)),
    );
    expect(first.loss).toBeGreaterThan(0);
    captured!.close();
    seen!.close();
  });
});

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("a step that does not fit in memory", () => {
  /** [2 ** 20, 2 ** 20] of float32: 4 TiB. */
  const tooMuch: Body = (x) => {
    const side = tf.mul(tf.ones([2 ** 20]), tf.sum(x));
    return tf.sum(tf.mul(tf.expandDims(side, 0), tf.expandDims(side, 1)));
  };

  it("is a ConfigError with the tensor and the batch, and changes nothing", () => {
    const opened = program(tooMuch);
    // Once: TensorFlow waits ten seconds for memory before it gives up.
    const failed = thrown(() => run(opened));
    expect(failed).toBeInstanceOf(ConfigError);
    expect(failed.message).toBe(
      'program: memory must hold a step of entry "train", got none for a tensor of shape [1048576, 1048576] (4.0 TiB of float32) ' +
        "with a batch of x [2], ids [2]; make the batch or its lists smaller, or use a machine with more memory",
    );
    expect(opened.counts()).toEqual({});
    expect(opened.read("kernel")).toEqual(Float32Array.of(1, 1));
    opened.close();
  });

  it("stops being recorded where its tensors are more than memory has left", () => {
    const many = (): tf.Tensor => Array.from({ length: 9 }).reduce<tf.Tensor>((x) => tf.add(x, 1), tf.zeros([1000]));
    expect(record(native.backend, 1e6, many).recording.bytes).toBe(9 * 4000);
    const inTurn = (): void => {
      const last = Array.from({ length: 9 }).reduce<tf.Tensor>(
        (x) => {
          const next = tf.add(x, 1);
          x.dispose();
          return next;
        },
        tf.zeros([1000]),
      );
      last.dispose();
    };
    expect(record(native.backend, 1e6, inTurn).recording.bytes).toBe(2 * 4000);
    const tensors = native.backend.binding.getNumOfTensors();
    expect(() => tf.tidy(() => record(native.backend, 20_000, many).result)).toThrow(
      /^capture: memory must hold the tensors of a step, got 23\.4 KiB at its op \d+ where 19\.5 KiB are left; make the batch/,
    );
    expect(native.backend.binding.getNumOfTensors()).toBe(tensors);
  });
});
