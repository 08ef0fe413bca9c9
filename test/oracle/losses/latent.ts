// Losses between layers, one row at a time.
import { logSoftmax, mean, sigmoid, softmax, sum } from "./log-space.ts";

type Numbers = readonly number[];

export interface LayerLoss {
  readonly value: number;
  readonly student: readonly number[];
  readonly teacher: readonly number[];
}

export function hintMse(h: Numbers, g: Numbers): LayerLoss {
  const student = h.map((x, d) => (2 * (x - g[d]!)) / h.length);
  return { value: mean(h.map((x, d) => (x - g[d]!) ** 2)), student, teacher: student.map((x) => -x) };
}

export function hintCosine(h: Numbers, g: Numbers): LayerLoss {
  const dot = (a: Numbers, b: Numbers): number => sum(a.map((x, i) => x * b[i]!));
  const [lengthH, lengthG] = [Math.sqrt(dot(h, h)), Math.sqrt(dot(g, g))];
  const cosine = dot(h, g) / (lengthH * lengthG);
  const towards = (a: Numbers, lengthA: number, b: Numbers, lengthB: number): number[] =>
    a.map((x, i) => (cosine * x) / lengthA ** 2 - b[i]! / (lengthA * lengthB));
  return { value: 1 - cosine, student: towards(h, lengthH, g, lengthG), teacher: towards(g, lengthG, h, lengthH) };
}

export interface Perceptron {
  readonly kernels: readonly (readonly Numbers[])[];
  readonly biases: readonly Numbers[];
}

const affine = (x: Numbers, kernel: readonly Numbers[], bias: Numbers): number[] =>
  bias.map((b, o) => b + sum(x.map((value, i) => value * kernel[i]![o]!)));

/** Two layers with relu between. */
const perceptron = (x: Numbers, { kernels, biases }: Perceptron): number[] =>
  affine(
    affine(x, kernels[0]!, biases[0]!).map((value) => Math.max(0, value)),
    kernels[1]!,
    biases[1]!,
  );

export function distillationExperts(
  h: Numbers,
  g: Numbers,
  selection: { readonly kernel: readonly Numbers[]; readonly bias: Numbers },
  experts: readonly Perceptron[],
  gumbel: Numbers,
  temperature: number,
): number {
  const odds = logSoftmax(affine(g, selection.kernel, selection.bias));
  const chosen = softmax(odds.map((x, m) => (x + gumbel[m]!) / temperature));
  const outputs = experts.map((expert) => perceptron(h, expert));
  return sum(g.map((x, d) => (x - sum(chosen.map((s, m) => s * outputs[m]![d]!))) ** 2));
}

export function ordinalLevels(cosines: Numbers, labels: Numbers, scale: number, rates: Numbers): number {
  const p = rates.map((rate, c) => {
    const threshold = -Math.log(rate / (1 - rate));
    return sigmoid(scale * sum(cosines.slice(0, c + 1)) - threshold);
  });
  let loss = -(labels[0]! * Math.log(p[0]!) + (1 - labels[0]!) * Math.log(1 - p[0]!));
  for (let c = 0; c + 1 < rates.length; c++) {
    const [upper, lower] = [labels[c]!, labels[c + 1]!];
    loss -=
      (1 - upper) * Math.log(1 - p[c]!) + (upper - lower) * Math.log(p[c]! - p[c + 1]!) + lower * Math.log(p[c + 1]!);
  }
  return loss;
}
