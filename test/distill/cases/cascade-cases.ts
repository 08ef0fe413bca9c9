import type * as tf from "@tensorflow/tfjs";
import { cascadeRanking, cascadeSurvival } from "../../../src/distill/losses/cascade-survival.ts";
import * as oracle from "../../oracle/losses/soft-permutations.ts";
import { differencedOracle, type Inputs, input, type LossCase, normals, separated } from "../loss-case.ts";

type Numbers = readonly number[];

const STAGES = ["studentLogits", "laterLogits"] as const;

interface CascadeCase {
  readonly name: string;
  readonly options: oracle.SurvivalOptions;
  readonly learnsBalances: boolean;
}

/** Two stages over the same lists. Temperatures and sums of columns are held constant. */
function cascadeCase({ name, options, learnsBalances }: CascadeCase): LossCase {
  const flowing = learnsBalances ? [...STAGES, "first", "later"] : [...STAGES];
  const lossOf = (real: Numbers, base: Inputs, moved: Inputs): number => {
    if (real.length === 0) return 0;
    const take = (inputs: Inputs, argument: string): number[] => real.map((at) => inputs[argument]!.data[at]!);
    const sorted = (inputs: Inputs) =>
      STAGES.map((stage) => {
        const tau = oracle.temperatureOf(take(base, stage), options);
        return oracle.softPermutation(take(inputs, stage), options, tau);
      });
    const sums = sorted(base).map(oracle.columnSums);
    const teacher = take(base, "teacherScores");
    if (!learnsBalances) return oracle.cascadeSurvival(sorted(moved), teacher, options, sums);
    const balances = ["first", "later"].map((balance) => moved[balance]!.data[0]!);
    return oracle.cascadeRanking(sorted(moved), teacher, options, { sums, balances });
  };
  const held = (base: Inputs, moved: Inputs): number[] => {
    const [lists, length] = base.studentLogits!.shape as [number, number];
    return Array.from({ length: lists }, (_, b) => {
      const places = Array.from({ length }, (_, i) => b * length + i);
      return lossOf(
        places.filter((at) => base.mask === undefined || base.mask.data[at] === 1),
        base,
        moved,
      );
    });
  };
  return {
    name,
    flowing,
    inputs: (stream, lists, length) => ({
      studentLogits: separated(stream, lists, length),
      teacherScores: normals(stream, [lists, length]),
      laterLogits: separated(stream, lists, length),
      ...(learnsBalances && { first: input([], [1.5]), later: input([], [0.75]) }),
    }),
    loss: ({ studentLogits, laterLogits, teacherScores, first, later, mask }) => {
      const given = { ...options, ...(mask && { mask }) };
      const stages = [studentLogits!, laterLogits!];
      if (!learnsBalances) return cascadeSurvival(stages, teacherScores!, given);
      return cascadeRanking(stages, teacherScores!, { ...given, balances: [first, later] as tf.Scalar[] });
    },
    held,
    oracle: differencedOracle(held, flowing),
    nonNegative: !learnsBalances,
    sizes: [
      [1, 1],
      [3, 2],
      [2, 5],
      [3, 7],
    ],
    ...(learnsBalances ? {} : { lists: { permutable: "all", shiftInvariant: true } }),
  };
}

const cut = { selected: [3, 2], relevant: 2 } as const;

export const cascadeCases: readonly LossCase[] = [
  { temperature: 1, relativeTo: "absolute" } as const,
  { temperature: 0.7, sort: "soft-sort" } as const,
].flatMap((options) =>
  [false, true].map((learnsBalances) =>
    cascadeCase({
      name: `${learnsBalances ? "cascadeRanking" : "cascadeSurvival"} ${JSON.stringify(options)}`,
      options: { ...cut, ...options },
      learnsBalances,
    }),
  ),
);
