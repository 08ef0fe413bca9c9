// Losses of one logit against one of the teacher's: value, dL/ds, dL/dt.
import { logSumExp, sigmoid, softplus } from "./log-space.ts";

/** A loss of numbers, with its derivative by each. */
export interface Point {
  readonly value: number;
  readonly student: number;
  readonly teacher: number;
}

type Direction = "teacher-first" | "student-first" | "jensen-shannon";

/** x log(x / y), 0 at x = 0, from the logits' logs so that nothing is lost near 0 and 1. */
function bernoulliKlOf(x: number, z: number): number {
  const [logP, logQ] = [-softplus(-x), -softplus(-z)];
  const [logNotP, logNotQ] = [-softplus(x), -softplus(z)];
  return sigmoid(x) * (logP - logQ) + sigmoid(-x) * (logNotP - logNotQ);
}

export function bernoulliKl(
  s: number,
  t: number,
  temperature = 1,
  scaled = true,
  direction: Direction = "teacher-first",
): Point {
  const [z, x] = [s / temperature, t / temperature];
  const [q, p] = [sigmoid(z), sigmoid(x)];
  const factor = scaled ? temperature ** 2 : 1;
  const slope = factor / temperature;
  if (direction === "teacher-first")
    return {
      value: factor * bernoulliKlOf(x, z),
      student: slope * (q - p),
      teacher: slope * p * sigmoid(-x) * (x - z),
    };
  if (direction === "student-first")
    return {
      value: factor * bernoulliKlOf(z, x),
      student: slope * q * sigmoid(-z) * (z - x),
      teacher: slope * (p - q),
    };
  const logM = logSumExp([-softplus(-x), -softplus(-z)]) - Math.LN2;
  const logNotM = logSumExp([-softplus(x), -softplus(z)]) - Math.LN2;
  const mean = logM - logNotM;
  const half = (y: number, logit: number): number =>
    y * (-softplus(-logit) - logM) + sigmoid(-logit) * (-softplus(logit) - logNotM);
  return {
    value: (factor * (half(p, x) + half(q, z))) / 2,
    student: (slope * q * sigmoid(-z) * (z - mean)) / 2,
    teacher: (slope * p * sigmoid(-x) * (x - mean)) / 2,
  };
}

export function softCrossEntropy(s: number, t: number, temperature = 1, scaled = true): Point {
  const [z, x] = [s / temperature, t / temperature];
  const [q, p] = [sigmoid(z), sigmoid(x)];
  const factor = scaled ? temperature ** 2 : 1;
  return {
    value: factor * (p * softplus(-z) + sigmoid(-x) * softplus(z)),
    student: (factor / temperature) * (q - p),
    teacher: (factor / temperature) * p * (1 - p) * (softplus(-z) - softplus(z)),
  };
}

export function binaryCrossEntropy(z: number, y: number): Point {
  return { value: y * softplus(-z) + (1 - y) * softplus(z), student: sigmoid(z) - y, teacher: -z };
}

export function logitMse(s: number, t: number): Point {
  return { value: (s - t) ** 2, student: 2 * (s - t), teacher: 2 * (t - s) };
}

export function probabilityMse(s: number, t: number, temperature = 1): Point {
  const [q, p] = [sigmoid(s / temperature), sigmoid(t / temperature)];
  return {
    value: (q - p) ** 2,
    student: (2 * (q - p) * q * (1 - q)) / temperature,
    teacher: (2 * (p - q) * p * (1 - p)) / temperature,
  };
}

export function collaborativeDistillation(s: number, t: number, temperature = 2, shift = 0): Point {
  const w = sigmoid((t + shift) / temperature);
  return {
    value: w * softplus(-s) + (1 - w) * softplus(s),
    student: sigmoid(s) - w,
    teacher: (-s * w * (1 - w)) / temperature,
  };
}

/** The weight of a rank. */
export type Weigh = (rank: number) => number;

export const weighings = {
  equal: () => 1,
  logarithmic: (r: number) => 1 / Math.log2(r + 1),
  exponential: (decay: number) => (r: number) => Math.exp(-r / decay),
  linear: (length: number) => (r: number) => Math.max(0, (length + 1 - r) / length),
  table: (weights: readonly number[]) => (r: number) => weights[r - 1] ?? 0,
};

export function positionWeighted(
  s: number,
  rank: number,
  weigh: Weigh = weighings.logarithmic,
  topK = Number.POSITIVE_INFINITY,
): Point {
  const w = rank <= topK ? weigh(rank) : 0;
  return { value: w * softplus(-s), student: -w * sigmoid(-s), teacher: 0 };
}
