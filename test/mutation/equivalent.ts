// Mutants that no test can tell from the source, by the reason. They do not count.
import type { Mutant, Mutation } from "./instrument.ts";

type Place = readonly [file: string, mutation: Mutation, text: string];

interface Equivalent {
  readonly reason: string;
  readonly places: readonly Place[];
}

export const EQUIVALENT: readonly Equivalent[] = [
  {
    reason: "the difference is squared, or only its size counts",
    places: [
      ["soft-permutation.ts", "swap", "tf.sub(tf.expandDims(s, 2), tf.expandDims(s, 1))"],
      ["soft-permutation.ts", "swap", "tf.sub(tf.expandDims(sorted, 2), tf.expandDims(s, 1))"],
      ["soft-permutation.ts", "swap", "tf.sub(scores, mean)"],
      ["list-kl.ts", "swap", "tf.sub(logQ, logP)"],
      ["margin-mse.ts", "swap", "tf.sub(studentLogits, teacher)"],
      ["margin-mse.ts", "swap", "tf.sub(firstOf(errors), errors)"],
      [
        "tutor-order.ts",
        "swap",
        "tf.sub(compared(studentLogits), compared(stopTeacherGradient ? constant : tutorLogits))",
      ],
      ["distillation-experts.ts", "swap", "tf.sub(teacher, mixed)"],
      ["hint.ts", "swap", "tf.sub(studentLayer, teacher)"],
      [
        "squared-error.ts",
        "swap",
        "tf.sub(studentLogits, stopTeacherGradient ? stopGradient(teacherLogits) : teacherLogits)",
      ],
      [
        "squared-error.ts",
        "swap",
        "tf.sub(tf.sigmoid(soften(studentLogits, temperature)), tf.sigmoid(soften(teacher, temperature)))",
      ],
    ],
  },
  {
    reason: "only compared or ranked, or a constant of a closed form: no gradient goes that way",
    places: [
      ["collaborative-distillation.ts", "first", "stopGradient(teacherLogits)"],
      ["pair-loss.ts", "first", "stopGradient(teacherScores)"],
      ["pair-choice.ts", "first", "stopGradient(teacher)"],
      ["ranking-distillation.ts", "first", "stopGradient(studentLogits)"],
      ["ranking-distillation.ts", "first", "stopGradient(sampledLogits)"],
      ["relaxed-ranking.ts", "first", "stopGradient(uninteresting)"],
      ["relaxed-recall.ts", "first", "stopGradient(teacherScores)"],
      ["tutor-order.ts", "first", "stopGradient(tutorScores)"],
      ["soft-cross-entropy.ts", "first", "stopGradient(teacherLogits)"],
    ],
  },
  {
    reason: "padding is left out once more further on, or has a share of 0",
    places: [
      ["soft-permutation.ts", "no mask", "realCount(s, mask)"],
      ["soft-permutation.ts", "first", "tf.mul(scores, real)"],
      ["relaxed-ranking.ts", "no mask", "zeroPadding(kept, mask)"],
      ["relaxed-recall.ts", "no mask", "realItems(best, mask)"],
      ["stage-places.ts", "no mask", "zeroPadding(losses, mask)"],
      ["cascade-survival.ts", "no mask", "realItems(best, mask)"],
      ["rank-distil.ts", "no mask", "fillPadding(teacherLogits, mask, 0)"],
      ["calibrated-listwise.ts", "no mask", "fillPadding(terms, mask, 0)"],
      ["calibrated-listwise.ts", "no mask", "topMask(logB, mask, 1)"],
    ],
  },
];

export const isEquivalent = (mutant: Mutant): boolean =>
  EQUIVALENT.some(({ places }) =>
    places.some(
      ([file, mutation, text]) =>
        mutant.file.endsWith(`/${file}`) && mutant.mutation === mutation && mutant.text === text,
    ),
  );
