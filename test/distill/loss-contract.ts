// What every loss of the family promises, run over a table of them. See docs/losses.md, "Conventions".
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomStream } from "../../src/random.ts";
import { evaluateLoss, oracleDifferences, toTensors } from "./evaluate-loss.ts";
import { expectClose, expectFinite } from "./expect-close.ts";
import { type Input, type Inputs, input, type LossCase } from "./loss-case.ts";

const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [3, 2],
  [2, 5],
  [4, 7],
  [2, 17],
];

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Registers the contract's tests for each case. */
export function describeContract(cases: readonly LossCase[]): void {
  describe.each(cases.map((item) => [item.name, item] as const))("%s", (_, item) => {
    valuesAndGradients(item);
    edges(item);
    if (item.lists !== undefined) listProperties(item);
  });
}

function randomInputs(item: LossCase, seed: number, [lists, length]: readonly [number, number]): Inputs {
  return item.inputs(randomStream(seed, "contract", item.name), lists, length);
}

/** Random weights of the losses, one of them 0: a loss that weighs nothing must move nothing. */
function upstreamOf(item: LossCase, inputs: Inputs, seed: number): number[] {
  const count = item.oracle(inputs, []).values.length;
  const stream = randomStream(seed, "upstream", item.name);
  return Array.from({ length: count }, (_, i) => (i === 1 ? 0 : Math.fround(stream.normal())));
}

function valuesAndGradients(item: LossCase): void {
  const sizes = item.sizes ?? SIZES;

  it.each(sizes)("equals the float64 oracle, gradient three ways, on %i x %i", (lists, length) => {
    const inputs = randomInputs(item, 7 * lists + length, [lists, length]);
    const upstream = upstreamOf(item, inputs, lists);
    const expected = item.oracle(inputs, upstream);
    const got = evaluateLoss(item, inputs, upstream);
    expectClose(got.values, expected.values, "values");
    for (const name of Object.keys(got.gradients)) {
      const gradient = got.gradients[name] ?? new Float32Array(inputs[name]!.data.length);
      if (!item.flowing.includes(name)) {
        expectClose(
          gradient,
          gradient.map(() => 0),
          `gradient of ${name}, which is held constant`,
          { absolute: 0 },
        );
        continue;
      }
      expect(got.gradients[name], `gradient of ${name}`).toBeDefined();
      expectClose(gradient, expected.gradients[name]!, `gradient of ${name} against its closed form`);
      const differences = oracleDifferences(item, inputs, upstream, name);
      expectClose(differences, expected.gradients[name]!, `closed form of ${name} against differences`, {
        relative: 1e-5,
        absolute: 1e-7,
      });
    }
  });

  it("keeps its value over random inputs, and is never negative", () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(...sizes), (seed, size) => {
        const inputs = randomInputs(item, seed, size);
        const { values } = evaluateLoss(item, inputs);
        expectClose(values, item.oracle(inputs, []).values, "values");
        if (item.nonNegative !== false) for (const value of values) expect(value).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 20 },
    );
  });

  if (item.zeroAtEquality === true)
    it("is 0, with gradient 0, where student and teacher agree", () => {
      const inputs = randomInputs(item, 3, [3, 6]);
      const [first, second] = Object.keys(inputs) as [string, string];
      const equal = { ...inputs, [second]: inputs[first]! };
      const { values, gradients } = evaluateLoss(item, equal);
      for (const numbers of [values, gradients[first]!])
        expectClose(
          numbers,
          numbers.map(() => 0),
          "at equality",
          { absolute: 1e-6 },
        );
    });
}

function edges(item: LossCase): void {
  it.each([30, 1e4])("stays finite, and right, for logits of size %d", (size) => {
    const inputs = randomInputs(item, 11, (item.sizes ?? SIZES).at(-1)!);
    const scaled = Object.fromEntries(
      Object.entries(inputs).map(([name, given]) => [name, /logits|scores/i.test(name) ? times(given, size) : given]),
    );
    const { values, gradients } = evaluateLoss(item, scaled);
    expectFinite(values, "values");
    for (const [name, gradient] of Object.entries(gradients))
      if (gradient !== undefined) expectFinite(gradient, `gradient of ${name}`);
    const largest = Math.max(...item.oracle(scaled, []).values.map(Math.abs));
    expectClose(values, item.oracle(scaled, []).values, "values", {
      relative: 1e-4,
      absolute: 1e-6 * size + 1e-6 * largest,
    });
  });

  it("makes one tensor, and with its gradient no more than are given back", () => {
    const inputs = randomInputs(item, 5, [2, 5]);
    const tensors = toTensors(inputs);
    const before = tf.memory().numTensors;
    const losses = item.loss(tensors);
    expect(tf.memory().numTensors).toBe(before + 1);
    losses.dispose();
    const names = item.flowing;
    const gradients = tf.grads((...given: tf.Tensor[]) =>
      tf.sum(item.loss({ ...tensors, ...Object.fromEntries(names.map((name, i) => [name, given[i]!])) })),
    )(names.map((name) => tensors[name]!));
    expect(tf.memory().numTensors).toBe(before + names.length);
    tf.dispose([gradients, Object.values(tensors)]);
  });

  if (item.alone === true) return;
  it("refuses arguments of different shapes, naming them", () => {
    const inputs = randomInputs(item, 5, [2, 5]);
    const [first, second] = Object.keys(inputs) as [string, string];
    const tensors = toTensors({ ...inputs, [second ?? first]: input([1], [0]) });
    expect(() => item.loss(tensors)).toThrow(new RegExp(`\\b${second ?? first}\\b.* must .*, got .*\\[1\\]`));
    tf.dispose(Object.values(tensors));
  });
}

const times = ({ shape, data }: Input, factor: number): Input =>
  input(
    shape,
    data.map((x) => x * factor),
  );

function listProperties(item: LossCase): void {
  const { permutable, shiftInvariant, zeroWhenTied = true } = item.lists!;
  const sizes = (item.sizes ?? SIZES).filter(([, length]) => length > 1);
  const sized = fc.constantFrom(...sizes);

  it("treats padding as absent, in value and gradient, whatever stands there", () => {
    fc.assert(
      fc.property(seeds, sized, (seed, size) => {
        const inputs = withPadding(randomInputs(item, seed, size), seed, permutable);
        const upstream = upstreamOf(item, inputs, seed);
        const expected = item.oracle(inputs, upstream);
        const got = evaluateLoss(item, inputs, upstream);
        expectClose(got.values, expected.values, "values");
        for (const name of item.flowing)
          expectClose(got.gradients[name]!, expected.gradients[name]!, `gradient of ${name}`);
        for (const slope of got.gradients.mask ?? []) expect(Math.abs(slope), "gradient of mask").toBe(0);
      }),
      { numRuns: 15 },
    );
  });

  it("is 0, with gradient 0, for lists without real items or with one", () => {
    const inputs = randomInputs(item, 21, [3, 5]);
    const mask = input([3, 5], [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    const masked = { ...inputs, mask };
    const { values, gradients } = evaluateLoss(item, masked);
    expectFinite(values, "values");
    const expected = item.oracle(masked, [1, 1, 1]);
    expectClose(values, expected.values, "values", { absolute: 1e-7 });
    for (const name of item.flowing) expectClose(gradients[name]!, expected.gradients[name]!, `gradient of ${name}`);
    expect(Math.abs(values[0]!)).toBe(0);
  });

  if (zeroWhenTied)
    it("is 0, with gradient 0, for lists whose teacher scores are all alike", () => {
      const inputs = randomInputs(item, 22, [2, 5]);
      const second = Object.keys(inputs)[1]!;
      const { values, gradients } = evaluateLoss(item, {
        ...inputs,
        [second]: input([2, 5], new Array(10).fill(1.25)),
      });
      expect([...values].map(Math.abs)).toEqual([0, 0]);
      for (const name of item.flowing) for (const slope of gradients[name]!) expect(Math.abs(slope)).toBe(0);
    });

  it("gives the same for items in another order, and gradients that follow", () => {
    const size = sizes.at(-1)!;
    const inputs = randomInputs(item, 31, size);
    const order = shuffledPlaces(size[1], permutable);
    const permuted = Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, permute(given, order)]));
    const [straight, other] = [evaluateLoss(item, inputs), evaluateLoss(item, permuted)];
    expectClose(other.values, straight.values, "values");
    for (const name of item.flowing) {
      const wanted = permute({ shape: inputs[name]!.shape, data: [...straight.gradients[name]!] }, order);
      expectClose(other.gradients[name]!, wanted.data, `gradient of ${name}`);
    }
  });

  if (shiftInvariant)
    it("does not see a number added to a list of the student's logits", () => {
      const inputs = randomInputs(item, 41, sizes.at(-1)!);
      const shifted = {
        ...inputs,
        studentLogits: input(
          inputs.studentLogits!.shape,
          inputs.studentLogits!.data.map((x) => x + 4),
        ),
      };
      const [straight, other] = [evaluateLoss(item, inputs), evaluateLoss(item, shifted)];
      expectClose(other.values, straight.values, "values", { absolute: 1e-5 });
      expectClose(other.gradients.studentLogits!, straight.gradients.studentLogits!, "gradient", { absolute: 1e-5 });
    });
}

/** Marks about a third of the items as padding and writes over them what must not matter. */
function withPadding(inputs: Inputs, seed: number, permutable: "all" | "all but the first"): Inputs {
  const [lists, length] = inputs.studentLogits!.shape as [number, number];
  const stream = randomStream(seed, "padding");
  const mask = Array.from({ length: lists * length }, (_, at) =>
    (permutable === "all but the first" && at % length === 0) || stream.uniform() > 0.35 ? 1 : 0,
  );
  const garbage = [Number.NaN, 1e30, -1e30, 0];
  const padded = Object.entries(inputs).map(([name, { shape, data }]) => [
    name,
    { shape, data: data.map((x, at) => (mask[at] === 1 ? x : garbage[at % garbage.length]!)) },
  ]);
  return { ...Object.fromEntries(padded), mask: input([lists, length], mask) };
}

function shuffledPlaces(length: number, permutable: "all" | "all but the first"): number[] {
  const places = Array.from({ length }, (_, i) => (i * 3 + 2) % length);
  const distinct = new Set(places).size === length ? places : Array.from({ length }, (_, i) => length - 1 - i);
  return permutable === "all" ? distinct : [0, ...distinct.filter((place) => place !== 0)];
}

function permute({ shape, data }: Input, order: readonly number[]): Input {
  const length = shape.at(-1)!;
  return { shape, data: data.map((_, at) => data[at - (at % length) + order[at % length]!]!) };
}
