// The table that the contract runs over: one row a loss (or a variant of one). To add a loss is to add a row.
import type * as tf from "@tensorflow/tfjs";
import type { RandomStream } from "../../src/random.ts";
import type { Graded } from "../oracle/losses/log-space.ts";
import type { Point } from "../oracle/losses/pointwise.ts";

/** Numbers of one argument; always exact in float32. */
export interface Input {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export type Inputs = Readonly<Record<string, Input>>;
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** Losses, and the gradient of their sum weighted by `upstream`, by argument. */
export interface Expected {
  readonly values: readonly number[];
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

export interface LossCase {
  readonly name: string;
  /** Random arguments. */
  readonly inputs: (stream: RandomStream, lists: number, length: number) => Inputs;
  /** Arguments that gradients flow into; into all others none may. */
  readonly flowing: readonly string[];
  readonly loss: (tensors: Tensors) => tf.Tensor;
  readonly oracle: (inputs: Inputs, upstream: readonly number[]) => Expected;
  /** Losses at `moved` with what is held constant taken from `base`. Default: the oracle's. */
  readonly held?: (base: Inputs, moved: Inputs) => readonly number[];
  /** Lists of [B, N] arguments with an optional `mask`. */
  readonly lists?: ListProperties;
  /** Default true. */
  readonly nonNegative?: boolean;
  /** The loss is 0 where the student equals the teacher. */
  readonly zeroAtEquality?: boolean;
  /** Takes one tensor, which no other has to fit. */
  readonly alone?: boolean;
  /** Sizes of the random checks. */
  readonly sizes?: readonly (readonly [lists: number, length: number])[];
}

export interface ListProperties {
  /** Places that may be permuted: all, or all but the first. */
  readonly permutable: "all" | "all but the first";
  /** Adding a number to a list of the student's logits changes nothing. */
  readonly shiftInvariant: boolean;
  /** A list whose teacher scores are all alike gives 0. Default true. */
  readonly zeroWhenTied?: boolean;
}

/** The numbers as float32 keeps them, so that oracle and tensors see the same. */
export function input(shape: readonly number[], data: readonly number[]): Input {
  return { shape, data: data.map(Math.fround) };
}

export const normals = (stream: RandomStream, shape: readonly number[], scale = 1.5): Input =>
  input(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal() * scale),
  );

/** Scores at least 0.2 apart, in random order: no difference of an oracle crosses a tie. */
export function separated(stream: RandomStream, lists: number, length: number): Input {
  const { shape, data } = rankLists(stream, lists, length);
  return input(
    shape,
    data.map((rank) => (rank - length / 2) * 0.4 + stream.uniform() * 0.2),
  );
}

/** A random order 1 .. N for each list. */
export function rankLists(stream: RandomStream, lists: number, length: number): Input {
  const rows = Array.from({ length: lists }, () => {
    const ranks = Array.from({ length }, (_, i) => i + 1);
    for (let i = length - 1; i > 0; i--) {
      const j = stream.integer(i + 1);
      [ranks[i], ranks[j]] = [ranks[j]!, ranks[i]!];
    }
    return ranks;
  });
  return input([lists, length], rows.flat());
}

/**
 * The oracle of a loss whose gradient is the chain rule alone, or too long to write down: float64 differences of its
 * values at two steps, extrapolated (Richardson). What is held constant comes from the base.
 */
export function differencedOracle(
  values: (base: Inputs, moved: Inputs) => readonly number[],
  arguments_: readonly string[],
): LossCase["oracle"] {
  return (inputs, upstream) => {
    const base = values(inputs, inputs);
    if (upstream.length === 0) return { values: base, gradients: {} };
    const total = (name: string, at: number, by: number): number => {
      const { shape, data } = inputs[name]!;
      const moved = { ...inputs, [name]: { shape, data: data.map((x, i) => (i === at ? x + by : x)) } };
      return values(inputs, moved).reduce((sum, value, i) => sum + value * upstream[i]!, 0);
    };
    const slope = (name: string, at: number, step: number): number =>
      (total(name, at, step) - total(name, at, -step)) / (2 * step);
    const gradient = (name: string): number[] =>
      inputs[name]!.data.map((x, at) =>
        Number.isFinite(x) && inputs.mask?.data[at] !== 0 ? (4 * slope(name, at, 5e-5) - slope(name, at, 1e-4)) / 3 : 0,
      );
    return { values: base, gradients: Object.fromEntries(arguments_.map((name) => [name, gradient(name)])) };
  };
}

interface SecondArgument {
  readonly name: string;
  readonly kind?: "scores" | "ranks" | "probabilities";
  readonly flows?: boolean;
}

interface ElementCase {
  readonly name: string;
  readonly second: SecondArgument;
  readonly loss: (student: tf.Tensor, second: tf.Tensor) => tf.Tensor;
  readonly one: (student: number, second: number) => Point;
  readonly student?: string;
  readonly zeroAtEquality?: boolean;
}

/** A loss of the same shape as its arguments. */
export function elementCase({ name, second, loss, one, student = "studentLogits", ...rest }: ElementCase): LossCase {
  const flowing = second.flows ? [student, second.name] : [student];
  return {
    name,
    flowing,
    inputs: (stream, lists, length) => ({
      [student]: normals(stream, [lists, length]),
      [second.name]: secondInput(second, stream, lists, length),
    }),
    loss: (tensors) => loss(tensors[student]!, tensors[second.name]!),
    oracle: (inputs, upstream) => {
      const points = inputs[student]!.data.map((s, i) => one(s, inputs[second.name]!.data[i]!));
      return {
        values: points.map(({ value }) => value),
        gradients: {
          [student]: points.map((point, i) => point.student * upstream[i]!),
          [second.name]: points.map((point, i) => point.teacher * upstream[i]!),
        },
      };
    },
    ...rest,
  };
}

function secondInput({ kind = "scores" }: SecondArgument, stream: RandomStream, lists: number, length: number): Input {
  if (kind === "ranks") return rankLists(stream, lists, length);
  if (kind === "scores") return normals(stream, [lists, length]);
  return input(
    [lists, length],
    Array.from({ length: lists * length }, () => stream.uniform()),
  );
}

interface ListCase extends ListProperties {
  readonly name: string;
  readonly second?: SecondArgument;
  /** More arguments [B, N], held constant. */
  readonly extras?: (stream: RandomStream, lists: number, length: number) => Inputs;
  readonly loss: (tensors: Tensors, options: { mask?: tf.Tensor }) => tf.Tensor;
  readonly one: (
    student: readonly number[],
    second: readonly number[],
    extras: Readonly<Record<string, readonly number[]>>,
  ) => Graded;
  readonly nonNegative?: boolean;
  readonly zeroAtEquality?: boolean;
}

/** A loss [B] over lists [B, N] with arguments `studentLogits` and the second one. */
export function listCase({ name, second = { name: "teacherScores" }, extras, loss, one, ...rest }: ListCase): LossCase {
  const { permutable, shiftInvariant, zeroWhenTied, ...others } = rest;
  return {
    name,
    flowing: second.flows ? ["studentLogits", second.name] : ["studentLogits"],
    inputs: (stream, lists, length) => ({
      studentLogits: normals(stream, [lists, length]),
      [second.name]: secondInput(second, stream, lists, length),
      ...extras?.(stream, lists, length),
    }),
    loss: ({ mask, ...tensors }) => loss(tensors, mask === undefined ? {} : { mask }),
    oracle: (inputs, upstream) => overLists(inputs, upstream, second.name, one),
    lists: { permutable, shiftInvariant, ...(zeroWhenTied !== undefined && { zeroWhenTied }) },
    ...others,
  };
}

/** Runs a loss of one list over the real items of each list; padding gets gradient 0. */
function overLists(inputs: Inputs, upstream: readonly number[], second: string, one: ListCase["one"]): Expected {
  const [lists, length] = inputs.studentLogits!.shape as [number, number];
  const values: number[] = [];
  const gradients: Record<string, number[]> = { studentLogits: [], [second]: [] };
  for (let b = 0; b < lists; b++) {
    const places = Array.from({ length }, (_, i) => b * length + i);
    const real = places.filter((at) => inputs.mask === undefined || inputs.mask.data[at] === 1);
    const take = (name: string): number[] => real.map((at) => inputs[name]!.data[at]!);
    const extras = Object.fromEntries(
      Object.keys(inputs)
        .filter((name) => name !== "mask")
        .map((name) => [name, take(name)]),
    );
    const graded =
      real.length === 0 ? { value: 0, student: [], teacher: [] } : one(take("studentLogits"), take(second), extras);
    values.push(graded.value);
    const spread = (gradient: readonly number[] | undefined): number[] =>
      places.map((at) => upstream[b]! * (real.includes(at) ? (gradient?.[real.indexOf(at)] ?? 0) : 0));
    gradients.studentLogits!.push(...spread(graded.student));
    gradients[second]!.push(...spread(graded.teacher));
  }
  return { values, gradients };
}
