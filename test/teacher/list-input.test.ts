import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { profileEntry } from "../../src/engine/profile.ts";
import type { Entries } from "../../src/engine/step.ts";
import { broadcastTogether } from "../../src/nn/broadcast.ts";
import { applyDense } from "../../src/nn/dense.ts";
import { randomStream } from "../../src/random.ts";
import { affineOfLists } from "../../src/teacher/list-input.ts";
import { mmoe } from "../../src/teacher/mmoe.ts";
import { nativeEngine } from "../engine/fixtures/native.ts";

let native: Awaited<ReturnType<typeof nativeEngine>>;
beforeAll(async () => {
  native = await nativeEngine();
});

const random = randomStream(1, "list input");
const normal = (shape: number[]): tf.Tensor =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
    shape,
  );

describe("affineOfLists", () => {
  it("equals the layer over rows with the user beside each candidate, gradients too", () => {
    // Parts of users and candidates in turns: the kernel's rows are taken apart accordingly.
    const parts = [normal([2, 3]), normal([2, 4, 2]), normal([2, 1]), normal([2, 4, 5])];
    const [kernel, bias, up] = [normal([11, 6]), normal([6]), normal([8, 6])];
    const joined = (...xs: tf.Tensor[]): tf.Tensor =>
      tf.reshape(tf.concat([...broadcastTogether(xs.slice(0, 4))], 2), [8, 11]);
    const plain = (...xs: tf.Tensor[]): tf.Scalar =>
      tf.sum(tf.mul(up, applyDense({ kernel: xs[4]!, bias: xs[5]! }, joined(...xs)))) as tf.Scalar;
    const split = (...xs: tf.Tensor[]): tf.Scalar =>
      tf.sum(tf.mul(up, affineOfLists(xs.slice(0, 4))({ kernel: xs[4]!, bias: xs[5]! }))) as tf.Scalar;
    const [wanted, got] = [plain, split].map((f) => tf.valueAndGrads(f)([...parts, kernel, bias])) as [
      { value: tf.Tensor; grads: tf.Tensor[] },
      { value: tf.Tensor; grads: tf.Tensor[] },
    ];
    expect(got.value.dataSync()[0]).toBeCloseTo(wanted.value.dataSync()[0]!, 4);
    for (const [i, gradient] of wanted.grads.entries()) {
      const values = got.grads[i]!.dataSync();
      for (const [j, value] of gradient.dataSync().entries()) expect(values[j]).toBeCloseTo(value, 4);
    }
  });

  it("multiplies the user's part of an MMoE's first layer once a list", () => {
    const ids = (name: string, key: string) => ({ name, key, kind: "ids", vocabularySize: 9, width: 1 }) as const;
    const model = mmoe(
      { name: "teacher", group: "teacher", seed: 1 },
      {
        features: [ids("user", "user/user"), ids("item", "item/item")],
        products: [{ left: "user", right: "item", scale: 1 }],
        dimensions: { default: 4 },
        experts: { count: 2, units: [5] },
        towerUnits: [],
        inputDropout: 0.5,
      },
    );
    const batch = {
      "user/user": { data: Int32Array.of(2, 3), shape: [2] },
      "item/item": { data: new Int32Array(6).fill(4), shape: [2, 3] },
    };
    const entries = {
      score: { kind: "forward", forward: (values, arrays) => ({ ctr: model.forward(values, arrays).ctr }) },
      train: {
        kind: "train",
        optimisers: { teacher: { dense: { kind: "sgd" }, table: { kind: "sgd" } } },
        step: (values, arrays, { noise }) => ({
          loss: tf.mean(model.forward(values, arrays, noise).ctr) as tf.Scalar,
          parts: {},
        }),
      },
    } satisfies Entries<typeof model.parameters>;
    const products = (entry: "score" | "train"): readonly string[] => {
      const { ops } = profileEntry(native, model.parameters, entries, entry, { batch, repeats: 1 });
      return ops.filter(({ op }) => op === "MatMul").map(({ shapes }) => JSON.stringify(shapes));
    };
    expect(products("score")).toEqual(expect.arrayContaining(["[[2,4],[4,5]]", "[[6,8],[8,5]]"]));
    // With dropout each candidate sees another part of the user.
    expect(products("train")).toContain("[[6,12],[12,5]]");
  });
});
