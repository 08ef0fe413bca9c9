import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createNoise } from "../../src/engine/noise.ts";
import { applyDense, denseLayer, subscope } from "../../src/nn/dense.ts";
import { dropout } from "../../src/nn/dropout.ts";
import { l2Normalise } from "../../src/nn/l2-normalise.ts";
import { applyMlp, mlp } from "../../src/nn/mlp.ts";
import { assertSameShape, assertShape } from "../../src/nn/shape.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { expectClose } from "../engine/fixtures/expect-close.ts";
import { affine, matrixOf, mlp as oracleMlp, relu } from "../oracle/models.ts";

beforeAll(async () => void (await loadRuntime()));

const scope = { name: "teacher", group: "main", seed: 3 };
const numbers = (length: number) =>
  fc.array(fc.float({ min: -3, max: 3, noNaN: true, noDefaultInfinity: true }), {
    minLength: length,
    maxLength: length,
  });
const run = (body: () => tf.Tensor): Float32Array => tf.tidy(() => body().dataSync() as Float32Array);

describe("denseLayer", () => {
  it("names its parameters under its scope", () => {
    const { kernel, bias } = denseLayer(subscope(scope, "gate"), 3, 5);
    expect(kernel).toEqual({
      kind: "dense",
      name: "teacher/gate/kernel",
      shape: [3, 5],
      initialiser: { kind: "uniform", limit: Math.sqrt(6 / 8), seed: 3 },
      group: "main",
    });
    expect(bias).toMatchObject({ name: "teacher/gate/bias", shape: [5], initialiser: { kind: "constant", value: 0 } });
  });

  it("computes x W + b", () => {
    fc.assert(
      fc.property(numbers(6), numbers(12), numbers(4), (x, kernel, bias) => {
        const values = { kernel: tf.tensor2d(kernel, [3, 4]), bias: tf.tensor1d(bias) } as unknown as Parameters<
          typeof applyDense
        >[0];
        const expected = matrixOf(x, 3).flatMap((row) => affine(row, matrixOf(kernel, 4), bias));
        expectClose(
          run(() => applyDense(values, tf.tensor2d(x, [2, 3]))),
          expected,
          { relative: 1e-5, floor: 3 },
        );
        tf.dispose(Object.values(values) as tf.Tensor[]);
      }),
      { numRuns: 20 },
    );
  });
});

describe("mlp", () => {
  it("chains layers with relu between them", () => {
    const layers = mlp(scope, 4, [3, 2]);
    expect(layers.map(({ kernel }) => [kernel.name, kernel.shape])).toEqual([
      ["teacher/0/kernel", [4, 3]],
      ["teacher/1/kernel", [3, 2]],
    ]);
    fc.assert(
      fc.property(numbers(8), numbers(12 + 3 + 6 + 2), (x, weights) => {
        const parts = [weights.slice(0, 12), weights.slice(12, 15), weights.slice(15, 21), weights.slice(21)] as const;
        const [k0, b0, k1, b1] = parts;
        const values = [
          { kernel: tf.tensor2d(k0, [4, 3]), bias: tf.tensor1d(b0) },
          { kernel: tf.tensor2d(k1, [3, 2]), bias: tf.tensor1d(b1) },
        ] as unknown as Parameters<typeof applyMlp>[0];
        const oracle = [
          { kernel: matrixOf(k0, 3), bias: b0 },
          { kernel: matrixOf(k1, 2), bias: b1 },
        ];
        const rows = matrixOf(x, 4).map((row) => oracleMlp(row, oracle));
        expectClose(
          run(() => applyMlp(values, tf.tensor2d(x, [2, 4]))),
          rows.flat(),
          { relative: 1e-5, floor: 3 },
        );
        const active = run(() => applyMlp(values, tf.tensor2d(x, [2, 4]), { activateLast: true }));
        expectClose(active, rows.flatMap(relu), { relative: 1e-5, floor: 3 });
        tf.dispose(values as unknown as tf.Tensor[]);
      }),
      { numRuns: 20 },
    );
  });

  it("of no layers is the identity", () => {
    expect(mlp(scope, 4, [])).toEqual([]);
    const x = tf.tensor2d([[1, -2]]);
    expect(applyMlp([], x)).toBe(x);
    x.dispose();
  });
});

describe("l2Normalise", () => {
  it("gives rows of length 1 in the same direction, and 0 for 0", () => {
    fc.assert(
      fc.property(numbers(6), (x) => {
        const lengths = matrixOf(x, 3).map((row) => Math.max(Math.hypot(...row), 1e-6));
        expectClose(
          run(() => l2Normalise(tf.tensor2d(x, [2, 3]))),
          x.map((value, i) => value / lengths[Math.floor(i / 3)]!),
          { relative: 1e-5 },
        );
      }),
      { examples: [[[0, 0, 0, 3, 4, 0]]] },
    );
  });

  it("has a finite gradient at 0, and a gradient across the row elsewhere", () => {
    const gradient = (x: readonly number[]): Float32Array =>
      run(() => tf.grad((v) => tf.sum(tf.mul(l2Normalise(v), tf.tensor2d([[1, 2]]))))(tf.tensor2d([[...x]])));
    expect(gradient([0, 0]).every(Number.isFinite)).toBe(true);
    const [a, b] = [3, 4];
    const n = Math.hypot(a, b);
    const dot = (a + 2 * b) / n ** 3;
    expectClose(gradient([a, b]), [1 / n - dot * a, 2 / n - dot * b], { relative: 1e-5 });
  });
});

describe("dropout", () => {
  it("is the identity without noise and at rate 0, and multiplies by the site's mask", () => {
    const noise = createNoise(tf.tensor1d([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]));
    const x = tf.tensor2d([[1, 2, 3, 4, 5, 6, 7, 8]]);
    expect(dropout(x, 0.5, "a", undefined)).toBe(x);
    expect(dropout(x, 0, "a", noise)).toBe(x);
    const mask = run(() => noise.dropoutMask("a", [1, 8], 0.5));
    expect(Array.from(mask).every((value) => value === 0 || value === 2)).toBe(true);
    expect(run(() => dropout(x, 0.5, "a", noise))).toEqual(mask.map((value, i) => value * (i + 1)));
    expect(run(() => dropout(x, 0.5, "b", noise))).not.toEqual(run(() => dropout(x, 0.5, "a", noise)));
  });
});

describe("shape checks", () => {
  it("name the tensors and their shapes", () => {
    const [a, b] = [[4], [4, 1]].map((shape) => tf.zeros(shape));
    expect(() => assertSameShape("loss", ["logits", a!], ["labels", b!])).toThrow(
      "loss: logits and labels must have one shape, got [4] and [4,1]",
    );
    expect(() => assertSameShape("loss", ["logits", a!], ["labels", a!])).not.toThrow();
    expect(() => assertShape("loss", ["logits", b!], [4, -1], "[4, K]")).not.toThrow();
    expect(() => assertShape("loss", ["logits", a!], [4, -1], "[4, K]")).toThrow(
      "loss: logits must be [4, K], got [4]",
    );
    expect(() => assertShape("loss", ["logits", b!], [4, 2], "[4, 2]")).toThrow(
      "loss: logits must be [4, 2], got [4,1]",
    );
  });
});
