import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { binaryCrossEntropy } from "../../src/distill/losses/binary-cross-entropy.ts";
import { createProgram } from "../../src/engine/program.ts";
import { ConfigError } from "../../src/errors.ts";
import type { Feature } from "../../src/nn/features.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { type MmoeConfig, mmoe, productLogit } from "../../src/teacher/mmoe.ts";
import { affine, logit, matrixOf, mlp, relu, sigmoid, softmax } from "../oracle/models.ts";

const ids = (name: string, key: string, vocabularySize: number): Feature => ({
  name,
  key,
  kind: "ids",
  vocabularySize,
  width: 1,
});
const FEATURES: readonly Feature[] = [
  ids("user", "user/user", 6),
  ids("item", "item/item", 5),
  { name: "price", key: "item/price", kind: "numbers", vocabularySize: 0, width: 1 },
  { name: "tags", key: "item/tags", kind: "multi", vocabularySize: 5, width: 3 },
];
const CONFIG: MmoeConfig = {
  features: FEATURES,
  products: [{ left: "user", right: "item", scale: 10 }],
  wide: ["item"],
  dimensions: { default: 3, tags: 2 },
  experts: { count: 3, units: [5, 4] },
  towerUnits: [3],
  inputDropout: 0,
};
const BATCH = {
  "user/user": { data: Int32Array.of(2, 3, 0), shape: [3] },
  "item/item": { data: Int32Array.of(4, 1, 2), shape: [3] },
  "item/price": { data: Float32Array.of(0.5, -1, 2), shape: [3] },
  "item/tags": { data: Int32Array.of(2, 3, 0, 4, 0, 0, 0, 0, 0), shape: [3, 3] },
};

beforeAll(async () => void (await loadRuntime()));
let live = 0;
beforeEach(() => {
  live = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(live));

function scored(config = CONFIG) {
  const model = mmoe({ name: "teacher", group: "teacher", seed: 5 }, config);
  const program = createProgram(model.parameters, {
    score: {
      kind: "forward",
      forward: (values, batch) => {
        const { mixed, ...outputs } = model.forward(values, batch);
        return { ...outputs, "mixed/ctr": mixed.ctr, "mixed/cvr": mixed.cvr };
      },
    },
  });
  return { model, program };
}

describe("mmoe", () => {
  it("equals the float64 model: embeddings, pooled tags, products, experts, one gate a task, task towers, wide part", () => {
    const { program } = scored();
    program.write("teacher/wide/item", Float32Array.of(0, 0.5, -0.25, 1, 2));
    const outputs = program.forward("score", BATCH);
    const read = (name: string, columns: number): number[][] => matrixOf(program.read(`teacher/${name}`), columns);
    const tables = {
      user: read("embedding/user", 3),
      item: read("embedding/item", 3),
      tags: read("embedding/tags", 2),
    };
    const first = read("experts/0/kernel", 15);
    const second = program.read("teacher/experts/1/kernel");
    for (let row = 0; row < 3; row++) {
      const user = tables.user[BATCH["user/user"].data[row]!]!;
      const item = tables.item[BATCH["item/item"].data[row]!]!;
      const tags = [0, 1, 2].map((j) => BATCH["item/tags"].data[row * 3 + j]!).filter((id) => id !== 0);
      const pooled = [0, 1].map(
        (d) => tags.reduce((sum, id) => sum + tables.tags[id]![d]!, 0) / Math.max(1, tags.length),
      );
      const x = [...user, ...item, BATCH["item/price"].data[row]!, ...pooled, ...user.map((u, d) => 10 * u * item[d]!)];
      const experts = [0, 1, 2].map((e) => {
        const kernel = first.map((line) => line.slice(e * 5, e * 5 + 5));
        const h = relu(affine(x, kernel, [0, 0, 0, 0, 0]));
        return relu(affine(h, matrixOf(second.slice(e * 20, e * 20 + 20), 4), [0, 0, 0, 0]));
      });
      const gates = affine(x, read("gates/kernel", 6), [0, 0, 0, 0, 0, 0]);
      const heads = ["ctr", "cvr"].map((task, t) => {
        const weights = softmax(gates.slice(t * 3, t * 3 + 3));
        const mixed = [0, 1, 2, 3].map((d) => weights.reduce((sum, w, e) => sum + w * experts[e]![d]!, 0));
        const layers = [
          { kernel: read(`towers/${task}/0/kernel`, 3), bias: [0, 0, 0] },
          { kernel: read(`towers/${task}/1/kernel`, 1), bias: [0] },
        ];
        return mlp(mixed, layers)[0]!;
      });
      heads[0]! += [0, 0.5, -0.25, 1, 2][BATCH["item/item"].data[row]!]!;
      expect(outputs.ctr!.data[row]).toBeCloseTo(heads[0]!, 6);
      expect(outputs.cvr!.data[row]).toBeCloseTo(heads[1]!, 6);
      expect(outputs.ctcvr!.data[row]).toBeCloseTo(logit(sigmoid(heads[0]!) * sigmoid(heads[1]!)), 5);
    }
    program.close();
  });

  it("has gates that sum to 1 and a row of zeros for the padding id", () => {
    const { program } = scored();
    const { gates } = program.forward("score", BATCH);
    expect(gates!.shape).toEqual([3, 2, 3]);
    for (const row of matrixOf(gates!.data, 3)) expect(row.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
    expect([...program.read("teacher/embedding/user", 0, 1)]).toEqual([0, 0, 0]);
    program.close();
  });

  it("scores lists as it scores their rows", () => {
    const { program } = scored();
    const lists = program.forward("score", {
      "user/user": { data: Int32Array.of(2, 3), shape: [2] },
      "item/item": { data: Int32Array.of(4, 1, 2, 3), shape: [2, 2] },
      "item/price": { data: Float32Array.of(0.5, -1, 2, 0), shape: [2, 2] },
      "item/tags": { data: Int32Array.of(2, 3, 0, 4, 0, 0, 0, 0, 0, 2, 2, 2), shape: [2, 2, 3] },
    });
    const rows = program.forward("score", {
      "user/user": { data: Int32Array.of(2, 2, 3, 3), shape: [4] },
      "item/item": { data: Int32Array.of(4, 1, 2, 3), shape: [4] },
      "item/price": { data: Float32Array.of(0.5, -1, 2, 0), shape: [4] },
      "item/tags": { data: Int32Array.of(2, 3, 0, 4, 0, 0, 0, 0, 0, 2, 2, 2), shape: [4, 3] },
    });
    expect(lists.ctcvr!.shape).toEqual([2, 2]);
    for (const [i, value] of [...rows.ctcvr!.data].entries()) expect(lists.ctcvr!.data[i]).toBeCloseTo(value, 5);
    program.close();
  });

  it("names what is wrong with its settings", () => {
    const wrong =
      (changes: Partial<MmoeConfig>): (() => unknown) =>
      () =>
        scored({ ...CONFIG, ...changes });
    expect(wrong({ experts: { count: 0, units: [4] } })).toThrow(
      new ConfigError("mmoe: experts must have count >= 1 and at least one layer, got 0 and [4]"),
    );
    expect(wrong({ products: [{ left: "user", right: "tags", scale: 1 }] })).toThrow(
      'mmoe: products must name two features of ids with one embedding width, got "user" and "tags"',
    );
  });
});

describe("productLogit", () => {
  const product = (a: number, b: number): number =>
    tf.tidy(() => productLogit(tf.scalar(a), tf.scalar(b)).dataSync()[0]!);

  it("is the logit of the product of two probabilities, never above either", () => {
    fc.assert(
      fc.property(fc.double({ min: -8, max: 8, noNaN: true }), fc.double({ min: -8, max: 8, noNaN: true }), (a, b) => {
        expect(product(a, b)).toBeCloseTo(logit(sigmoid(a) * sigmoid(b)), 3);
        expect(product(a, b)).toBeLessThanOrEqual(Math.min(a, b) + 1e-5);
      }),
      { numRuns: 50 },
    );
  });

  it("stays exact where the probability itself would round to 0 or 1", () => {
    expect(product(-80, -80)).toBeCloseTo(-160, 4);
    expect(product(60, 60)).toBeCloseTo(60 - Math.LN2, 4);
    expect(product(1e4, -1e4)).toBe(-1e4);
  });

  it("gives the entire-space loss of CTCVR", () => {
    const losses = tf.tidy(() => {
      const z = productLogit(tf.tensor1d([0.3, 0.3]), tf.tensor1d([-0.4, -0.4]));
      return binaryCrossEntropy(z as tf.Tensor1D, tf.tensor1d([1, 0])).arraySync();
    });
    expect(losses[0]).toBeCloseTo(1.46737, 5);
    expect(losses[1]).toBeCloseTo(0.262054, 5);
  });
});
