import type { PairOptions as SharedOptions } from "../../../src/distill/lists/pair-loss.ts";
import { type PairwiseHingeOptions, pairwiseHinge } from "../../../src/distill/losses/pairwise-hinge.ts";
import { type PairwiseLogisticOptions, pairwiseLogistic } from "../../../src/distill/losses/pairwise-logistic.ts";
import { type PairOptions, type PairTerm, pairLoss, pairTerms } from "../../oracle/losses/pairs.ts";
import { type LossCase, listCase } from "../loss-case.ts";

const all = { permutable: "all", shiftInvariant: true } as const;

/** Choices of pairs and reductions; all apply to both formulas. */
const choices: readonly (readonly [string, SharedOptions, PairOptions])[] = [
  ["", {}, {}],
  [", sum", { reduction: "sum" }, { reduction: "sum" }],
  [", gap .5", { pairs: { minTeacherGap: 0.5 } }, { minTeacherGap: 0.5 }],
  [", ranks 2 apart", { pairs: { minRankDistance: 2 } }, { minRankDistance: 2 }],
  [", top 2 above the rest", { pairs: { top: 2 } }, { top: 2 }],
  [", top 2 above the last 3", { pairs: { top: 2, tail: 3 } }, { top: 2, tail: 3 }],
  [", hardest 40 %", { hardestFraction: 0.4 }, { hardestFraction: 0.4 }],
];

function hinge(name: string, options: PairwiseHingeOptions, term: PairTerm, choice: PairOptions): LossCase {
  const flows = options.stopTeacherGradient === false;
  return listCase({
    name: `pairwiseHinge${name}`,
    second: { name: "teacherScores", flows },
    loss: (t, { mask }) => pairwiseHinge(t.studentLogits!, t.teacherScores!, { ...options, mask }),
    one: (s, t) => pairLoss(s, t, term, choice),
    ...all,
  });
}

function logistic(name: string, options: PairwiseLogisticOptions, term: PairTerm, choice: PairOptions): LossCase {
  const flows = options.stopTeacherGradient === false;
  return listCase({
    name: `pairwiseLogistic${name}`,
    second: { name: "teacherScores", flows },
    loss: (t, { mask }) => pairwiseLogistic(t.studentLogits!, t.teacherScores!, { ...options, mask }),
    one: (s, t) => pairLoss(s, t, term, choice),
    ...all,
  });
}

const moving = { stopTeacherGradient: false } as const;

export const pairCases: readonly LossCase[] = [
  ...choices.map(([name, options, choice]) => hinge(name, options, pairTerms.hinge(1), choice)),
  ...choices.map(([name, options, choice]) => logistic(name, options, pairTerms.order(), choice)),
  hinge(" margin .3", { margin: 0.3 }, pairTerms.hinge(0.3), {}),
  hinge(" margin teacher-gap", { margin: "teacher-gap" }, pairTerms.teacherHinge(), {}),
  hinge(" margin teacher-gap, teacher moves", { margin: "teacher-gap", ...moving }, pairTerms.teacherHinge(), {}),
  logistic(" margin .5, sharpness 2", { margin: 0.5, sharpness: 2 }, pairTerms.order(0.5, 2), {}),
  logistic(" weighted", { target: "weighted" }, pairTerms.weighted(), {}),
  logistic(" weighted, teacher moves", { target: "weighted", ...moving }, pairTerms.weighted(), {}),
  logistic(" probability, sharpness 2", { target: "probability", sharpness: 2 }, pairTerms.probability(2), {}),
  logistic(" probability, teacher moves", { target: "probability", ...moving }, pairTerms.probability(), {}),
  logistic(
    " weighted, hardest half, teacher moves",
    { target: "weighted", hardestFraction: 0.5, ...moving },
    pairTerms.weighted(),
    { hardestFraction: 0.5 },
  ),
];
