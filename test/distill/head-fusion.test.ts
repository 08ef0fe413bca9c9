import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { fuseHeads } from "../../src/distill/head-fusion.ts";
import { expectClose } from "./expect-close.ts";

const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const A = [-3, -0.5, 0, 1.25, 4];
const B = [2, -1, 0.5, -2.5, 3];

/** Logit of sigmoid(a)^x sigmoid(b)^y in float64. */
function fused(a: number, b: number, x: number, y: number): number {
  const logP = -x * Math.log1p(Math.exp(-a)) - y * Math.log1p(Math.exp(-b));
  return logP - Math.log(-Math.expm1(logP));
}

const heads = (a: tf.Tensor, b: tf.Tensor, x: number, y: number) => [
  { name: "ctr", logits: a, exponent: x },
  { name: "ctcvr", logits: b, exponent: y },
];

beforeAll(async () => void (await tf.setBackend("cpu")));

describe("fuseHeads", () => {
  it.each([
    [1, 1],
    [0.3, 2],
    [2.5, 0],
    [0, 0.7],
  ])("is the logit of the product of the probabilities to the powers %d and %d", (x, y) => {
    const [value, gradientA, gradientB] = tf.tidy(() => {
      // A head of power 0 is left out: tfjs wants to see it all the same.
      const nothing = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.mul(tf.add(tf.sum(a), tf.sum(b)), 0);
      const total = (a: tf.Tensor, b: tf.Tensor): tf.Scalar =>
        tf.add(tf.sum(fuseHeads(heads(a, b, x, y))), nothing(a, b)) as tf.Scalar;
      const [a, b] = [tf.tensor1d(A), tf.tensor1d(B)];
      const [da, db] = tf.grads(total)([a, b]);
      return [fuseHeads(heads(a, b, x, y)), da!, db!].map((tensor) => [...tensor.dataSync()]);
    });
    const expected = A.map((a, i) => fused(a, B[i]!, x, y));
    expectClose(value!, expected, "values");
    // dz/dz_k = a_k sigmoid(-z_k) / (1 - P)
    const slope = (z: number, i: number, power: number): number => (power * sigmoid(-z)) / (1 - sigmoid(expected[i]!));
    expectClose(
      gradientA!,
      A.map((a, i) => slope(a, i, x)),
      "gradient of ctr",
    );
    expectClose(
      gradientB!,
      B.map((b, i) => slope(b, i, y)),
      "gradient of ctcvr",
    );
  });

  it("of one head to the power 1 is that head", () => {
    const logits = tf.tensor1d(A);
    expectClose([...fuseHeads([{ name: "ctr", logits, exponent: 1 }]).dataSync()], A, "values");
  });

  it("stays finite at extreme logits", () => {
    const [a, b] = [tf.tensor1d([1e4, -1e4, 1e4]), tf.tensor1d([1e4, 1e4, -1e4])];
    const values = fuseHeads(heads(a, b, 1, 1)).dataSync();
    expect([...values].every(Number.isFinite)).toBe(true);
    expect(values[0]).toBeGreaterThan(80);
    expect(values[1]).toBe(-1e4);
  });

  it("refuses heads of two shapes, exponents out of range, and nothing at all", () => {
    const [a, b] = [tf.tensor1d([1]), tf.tensor1d([1, 2])];
    expect(() => fuseHeads(heads(a, b, 1, 1))).toThrow("fuseHeads: ctr and ctcvr must have one shape, got [1] and [2]");
    expect(() => fuseHeads(heads(a, a, -1, 1))).toThrow(
      'fuseHeads: exponent of "ctr" must be a finite number >= 0, got -1',
    );
    expect(() => fuseHeads(heads(a, a, 0, 0))).toThrow("fuseHeads: one exponent must be above 0, got 0 for every head");
    expect(() => fuseHeads([])).toThrow("fuseHeads: heads must be at least one, got none");
  });
});
