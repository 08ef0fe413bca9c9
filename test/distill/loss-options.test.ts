// What options, ranks and short lists do, beside the contract.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { ranksOf, topMask } from "../../src/distill/lists/list-order.ts";
import { bernoulliKl } from "../../src/distill/losses/bernoulli-kl.ts";
import { cascadeRanking, cascadeSurvival } from "../../src/distill/losses/cascade-survival.ts";
import { listKl } from "../../src/distill/losses/list-kl.ts";
import { listMle } from "../../src/distill/losses/list-mle.ts";
import { type RankPositionOptions, rankPosition } from "../../src/distill/losses/rank-position.ts";
import { estimateRanks } from "../../src/distill/losses/ranking-distillation.ts";
import { adaptiveRanking, relaxedRecall } from "../../src/distill/losses/relaxed-recall.ts";
import { softCrossEntropy } from "../../src/distill/losses/soft-cross-entropy.ts";
import { logitMse } from "../../src/distill/losses/squared-error.ts";
import { weightedMean, weightedSum } from "../../src/distill/weighted-mean.ts";
import { expectClose } from "./expect-close.ts";

const numbers = (x: tf.Tensor): number[] => [...x.dataSync()];
const student = tf.tensor2d([[2, 0.5, -1, 0.25]]);
const teacher = tf.tensor2d([[4, 1, 2, 3]]);

describe("a temperature", () => {
  it.each([
    ["bernoulliKl", bernoulliKl],
    ["softCrossEntropy", softCrossEntropy],
    ["listKl", listKl],
  ] as const)("of %s is a number or a tensor, with T^2 and without", (_, loss) => {
    for (const scaleByTemperatureSquared of [true, false]) {
      const plain = numbers(loss(student, teacher, { temperature: 3, scaleByTemperatureSquared }));
      const tensor = numbers(loss(student, teacher, { temperature: tf.scalar(3), scaleByTemperatureSquared }));
      expectClose(tensor, plain, "values");
    }
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
    "of %d is refused by every loss that has one",
    (temperature) => {
      const message = `temperature must be a finite number > 0, got ${temperature}`;
      expect(() => bernoulliKl(student, teacher, { temperature })).toThrow(`bernoulliKl: ${message}`);
      expect(() => listKl(student, teacher, { temperature })).toThrow(`listKl: ${message}`);
      expect(() => listMle(student, teacher, { temperature })).toThrow(`listMle: ${message}`);
      expect(() => relaxedRecall(student, teacher, { selected: 2, relevant: 1, temperature })).toThrow(message);
    },
  );
});

describe("the target of rankPosition", () => {
  it("is refused with a position below 2, without a decay, and where two are given", () => {
    const ranks = tf.tensor2d([[1, 2, 3]]);
    const positionWeights = { kind: "exponential", decay: 5 } as const;
    const loss = (options: RankPositionOptions) => () => rankPosition(tf.zeros([1, 3]), ranks, options);
    expect(loss({ maxPosition: 1 })).toThrow("rankPosition: maxPosition must be >= 2, got 1");
    expect(loss({ positionWeights: { kind: "exponential", decay: 0 } })).toThrow(
      "rankPosition: positionWeights.decay must be > 0, got 0",
    );
    expect(loss({ maxPosition: 9, positionWeights })).toThrow(
      "rankPosition: maxPosition and positionWeights are two targets, got both; give one",
    );
  });
});

describe("shapes that do not fit", () => {
  it("are refused with the function, the arguments and both shapes", () => {
    expect(() => logitMse(tf.zeros([4]), tf.zeros([4, 1]))).toThrow(
      "logitMse: studentLogits and teacherLogits must have one shape, got [4] and [4,1]",
    );
    expect(() => weightedMean(tf.zeros([4]), tf.zeros([4, 1]))).toThrow(
      "weightedMean: losses and weights must have one shape, got [4] and [4,1]",
    );
    expect(() => weightedSum(tf.zeros([4]), tf.zeros([3]))).toThrow(
      "weightedSum: losses and weights must have one shape, got [4] and [3]",
    );
    expect(() => listMle(tf.zeros([4]), tf.zeros([4]))).toThrow(
      "listMle: studentLogits must be lists [B, N], got [4]; a batch of rows has no lists, sample negatives or use a point-wise loss",
    );
  });
});

describe("a mean over a batch", () => {
  it("is that of what has a weight, and 0 where nothing has one", () => {
    const [losses, weights] = [tf.tensor1d([1, 50, 3]), tf.tensor1d([1, 0, 3])];
    expect(numbers(weightedMean(losses, weights))).toEqual([2.5]);
    expect(numbers(weightedSum(losses, weights))).toEqual([10]);
    expect(numbers(weightedMean(losses, tf.zeros([3])))).toEqual([0]);
  });
});

describe("ranks", () => {
  it("of the student are estimated by the share of sampled items that score higher", () => {
    const sampled = tf.tensor2d([[0, 2, 3, -2]]);
    expect(numbers(estimateRanks(tf.tensor2d([[1, -1, 9, 0]]), sampled, 102))).toEqual([50, 75, 0, 50]);
    expect(numbers(estimateRanks(tf.tensor2d([[1]]), sampled, 4))).toEqual([1]); // floor(2 / 4 of 3)
  });

  it("are all told apart, or the first alone", () => {
    const scores = tf.tensor2d([[3, 9, 1, 5]]);
    expect(numbers(ranksOf(scores))).toEqual([3, 1, 4, 2]);
    expect(numbers(ranksOf(scores, undefined, 2))).toEqual([3, 1, 3, 2]);
    expect(numbers(ranksOf(scores, tf.tensor2d([[1, 0, 1, 1]]), 1))).toEqual([2, 2, 2, 1]);
    expect(numbers(ranksOf(scores, undefined, 9))).toEqual([3, 1, 4, 2]);
  });

  it("count real items alone, in lists of fewer than are asked for", () => {
    expect(numbers(topMask(tf.tensor2d([[3, 9, 1]]), tf.tensor2d([[1, 0, 0]]), 2))).toEqual([1, 0, 0]);
  });
});

describe("losses of a cascade's stages", () => {
  const options = { relevant: 2, temperature: 1, relativeTo: "absolute" } as const;

  it("do not depend on the sign of a balance", () => {
    const [plus, minus] = [1.5, -1.5].map((alpha) =>
      numbers(adaptiveRanking(student, teacher, { ...options, selected: 2, alpha })),
    );
    expectClose(minus!, plus!, "values");
  });

  it("are 0 for lists that every stage passes on whole, counted without padding", () => {
    const mask = tf.tensor2d([[1, 1, 0, 0]]);
    const stages = [student, student];
    expect(numbers(cascadeSurvival(stages, teacher, { ...options, selected: [2, 3], mask }))).toEqual([0]);
    expect(numbers(cascadeSurvival(stages, teacher, { ...options, selected: [1, 3], mask }))[0]).toBeGreaterThan(0);
    expect(numbers(cascadeSurvival(stages, tf.onesLike(teacher), { ...options, selected: [2, 2] }))).toEqual([0]);
  });

  it("refuse stages, numbers and balances that do not fit", () => {
    const survive = (stages: readonly tf.Tensor[], selected: readonly number[]) => () =>
      cascadeSurvival(stages, teacher, { ...options, selected });
    expect(survive([], [])).toThrow("cascadeSurvival: studentLogits must have at least one stage, got none");
    expect(survive([student], [2, 1])).toThrow(
      "cascadeSurvival: selected must have one number for each of 1 stages, got [2,1]",
    );
    expect(survive([student], [0])).toThrow("cascadeSurvival: selected as: topK must be a whole number >= 1, got 0");
    expect(survive([student, tf.zeros([1, 3])], [2, 2])).toThrow(
      "cascadeSurvival: studentLogits[0] and studentLogits[1] and teacherScores must have one shape, got [1,4] and [1,3] and [1,4]",
    );
    const ranked = (balances: readonly number[]) => () =>
      cascadeRanking([student, student], teacher, { ...options, selected: [3, 2], balances });
    expect(ranked([1])).toThrow("cascadeRanking: balances must be one number > 0 for each of 2 stages, got 1");
    expect(ranked([1, 0])).toThrow("cascadeRanking: balances must be one number > 0 for each of 2 stages, got 0");
  });
});
