import * as tf from "@tensorflow/tfjs";
import { neuralSort, type SoftPermutationOptions, softSort } from "../../../src/distill/lists/soft-permutation.ts";
import {
  adaptiveRanking,
  globalOrder,
  relaxedRecall,
  stageRecall,
} from "../../../src/distill/losses/relaxed-recall.ts";
import * as oracle from "../../oracle/losses/soft-permutations.ts";
import {
  differencedOracle,
  type Inputs,
  input,
  type ListProperties,
  type LossCase,
  normals,
  separated,
} from "../loss-case.ts";

type Matrix = readonly (readonly number[])[];
/** A loss of one list's soft permutation; `base` is the one that constants are taken from. */
type OfPermutation = (permutation: Matrix, teacher: readonly number[], alpha: number, base: Matrix) => number;

interface SortingCase {
  readonly name: string;
  readonly options: SoftPermutationOptions & oracle.SortOptions;
  readonly loss: (tensors: Readonly<Record<string, tf.Tensor>>, options: object) => tf.Tensor;
  readonly of: OfPermutation;
  readonly learnsAlpha?: boolean;
  /** A function of the student's scores alone. */
  readonly alone?: boolean;
}

const properties: ListProperties = { permutable: "all", shiftInvariant: true };

/** A loss over soft permutations: the list's scale, which makes the temperature, is held constant. */
function sortingCase({ name, options, loss, of, learnsAlpha = false, alone = false }: SortingCase): LossCase {
  const held = (base: Inputs, moved: Inputs): number[] => listsOf(base).map((real) => lossOf(real, moved, base));
  const lossOf = (real: readonly number[], moved: Inputs, base: Inputs): number => {
    if (real.length === 0) return 0;
    const take = (inputs: Inputs, argument: string): number[] => real.map((at) => inputs[argument]!.data[at]!);
    const tau = oracle.temperatureOf(take(base, "studentLogits"), options);
    const permutation = oracle.softPermutation(take(moved, "studentLogits"), options, tau);
    const fixed = oracle.softPermutation(take(base, "studentLogits"), options, tau);
    return of(permutation, alone ? [] : take(base, "teacherScores"), moved.alpha?.data[0] ?? 1, fixed);
  };
  const item: LossCase = {
    name,
    flowing: learnsAlpha ? ["studentLogits", "alpha"] : ["studentLogits"],
    inputs: (stream, lists, length) => ({
      studentLogits: separated(stream, lists, length),
      ...(!alone && { teacherScores: normals(stream, [lists, length]) }),
      ...(learnsAlpha && { alpha: input([], [1.5]) }),
    }),
    loss: ({ mask, ...tensors }) => loss(tensors, { ...options, ...(mask && { mask }) }),
    held,
    oracle: differencedOracle(held, learnsAlpha ? ["studentLogits", "alpha"] : ["studentLogits"]),
    nonNegative: !learnsAlpha,
    alone,
    sizes: [
      [1, 1],
      [3, 2],
      [2, 5],
      [3, 7],
    ],
    ...(learnsAlpha ? {} : { lists: alone ? { ...properties, zeroWhenTied: false } : properties }),
  };
  return item;
}

/** Positions of each list's real items. */
function listsOf({ studentLogits, mask }: Inputs): number[][] {
  const [lists, length] = studentLogits!.shape as [number, number];
  return Array.from({ length: lists }, (_, b) =>
    Array.from({ length }, (_, i) => b * length + i).filter((at) => mask === undefined || mask.data[at] === 1),
  );
}

const cut = { selected: 2, relevant: 2 } as const;
const kinds = [
  { temperature: 1, relativeTo: "absolute" },
  { temperature: 0.7 },
  { temperature: 0.7, sort: "soft-sort" },
] as const;
const titleOf = ({ sort = "neural-sort", relativeTo = "list" }: oracle.SortOptions): string => `${sort}, ${relativeTo}`;

export const sortingCases: readonly LossCase[] = kinds.flatMap((options) => [
  sortingCase({
    name: `relaxedRecall ${titleOf(options)}`,
    options,
    loss: (t, given) => relaxedRecall(t.studentLogits!, t.teacherScores!, { ...cut, ...given }),
    of: (p, t) => oracle.relaxedRecall(p, t, { ...options, ...cut }),
  }),
  sortingCase({
    name: `globalOrder ${titleOf(options)}`,
    options,
    loss: (t, given) => globalOrder(t.studentLogits!, t.teacherScores!, given),
    of: (p, t) => oracle.globalOrder(p, t),
  }),
  sortingCase({
    name: `stageRecall ${titleOf(options)}`,
    options,
    loss: (t, given) => stageRecall(t.studentLogits!, t.teacherScores!, { ...cut, ...given }),
    of: (p, t, _, base) => oracle.stageRecall(p, t, { ...options, ...cut }, oracle.columnSums(base)),
  }),
  sortingCase({
    name: `adaptiveRanking ${titleOf(options)}`,
    options,
    loss: ({ alpha, ...t }, given) =>
      adaptiveRanking(t.studentLogits!, t.teacherScores!, { ...cut, ...given, alpha: alpha as tf.Scalar }),
    of: (p, t, alpha) => oracle.adaptiveRanking(p, t, { ...options, ...cut }, alpha),
    learnsAlpha: true,
  }),
  // A weighted sum over all of P: its gradient checks every entry of the permutation.
  sortingCase({
    name: `${options === kinds[2] ? "softSort" : "neuralSort"} ${titleOf(options)}`,
    options,
    loss: (t, given) =>
      tf.tidy(() => {
        const sort = options === kinds[2] ? softSort : neuralSort;
        return tf.sum(tf.square(sort(t.studentLogits!, given)), [1, 2]);
      }),
    alone: true,
    of: (p) => p.reduce((sum, row) => sum + row.reduce((s, x) => s + x * x, 0), 0),
  }),
]);
