// The worked numbers of the methods, for student s and teacher t below; each is computed from the published formula in
// float64, to six decimals.
import * as tf from "@tensorflow/tfjs";
import { describe, expect, it } from "vitest";
import { drawRank } from "../../src/data/rank-sampler.ts";
import { streamingFrequency } from "../../src/data/streaming-frequency.ts";
import { neuralSort, softSort } from "../../src/distill/lists/soft-permutation.ts";
import { bernoulliKl } from "../../src/distill/losses/bernoulli-kl.ts";
import { binaryCrossEntropy } from "../../src/distill/losses/binary-cross-entropy.ts";
import { collaborativeDistillation } from "../../src/distill/losses/collaborative-distillation.ts";
import { inBatchHinge } from "../../src/distill/losses/in-batch-pairs.ts";
import { inBatchSoftmax } from "../../src/distill/losses/in-batch-softmax.ts";
import { listKl } from "../../src/distill/losses/list-kl.ts";
import { listMle } from "../../src/distill/losses/list-mle.ts";
import { listNet } from "../../src/distill/losses/list-net.ts";
import { marginMse } from "../../src/distill/losses/margin-mse.ts";
import { ordinalLevels, ordinalThresholds } from "../../src/distill/losses/ordinal-levels.ts";
import { hingeOverNegatives, logisticOverNegatives } from "../../src/distill/losses/over-negatives.ts";
import { pairwiseHinge } from "../../src/distill/losses/pairwise-hinge.ts";
import { pairwiseLogistic } from "../../src/distill/losses/pairwise-logistic.ts";
import { rankTarget } from "../../src/distill/losses/rank-position.ts";
import { rankingDistillation } from "../../src/distill/losses/ranking-distillation.ts";
import { refinedSoftmax } from "../../src/distill/losses/refined-softmax.ts";
import { relaxedRanking } from "../../src/distill/losses/relaxed-ranking.ts";
import { adaptiveRanking, globalOrder, relaxedRecall, stageRecall } from "../../src/distill/losses/relaxed-recall.ts";
import { tutorLearning, tutorOrder, tutorValue } from "../../src/distill/losses/tutor-order.ts";
import { recallAtMAtK } from "../../src/eval/overlap.ts";
import { orderedPairAccuracy } from "../../src/eval/pair-order.ts";
import { randomStream } from "../../src/random.ts";
import { productLogit } from "../../src/teacher/mmoe.ts";

const s = tf.tensor2d([[2, 0.5, -1, 0]]);
const t = tf.tensor2d([[1.5, -0.5, 0, 1]]);
/** Cosines of a batch of three pairs, at temperature 0.1. */
const cosines = tf.tensor2d([
  [0.8, 0.3, 0.1],
  [0.2, 0.7, 0.4],
  [0, 0.5, 0.6],
]);
const scaled = tf.mul(cosines, 10) as tf.Tensor2D;
const logQ = tf.log(tf.tensor1d([0.5, 0.3, 0.2]));

const numbers = (x: tf.Tensor): number[] => [...x.dataSync()];
const meanOf = (x: tf.Tensor): number => tf.mean(x).dataSync()[0]!;

function expectNumbers(got: readonly number[], want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - want[i]!), `${value} at ${i}, want ${want[i]}`).toBeLessThanOrEqual(1.5e-6);
  });
}

describe("golden numbers", () => {
  it("Bernoulli KL(.8 || sigmoid(.5)) and its gradient", () => {
    const teacher = tf.tensor1d([Math.log(4)]);
    const { value, grad } = tf.valueAndGrad((z: tf.Tensor) => bernoulliKl(z, teacher).sum())(tf.tensor1d([0.5]));
    expectNumbers([...numbers(value), ...numbers(grad)], [0.073675, -0.177541]);
  });

  it("CTCVR cross-entropy of the product of two heads", () => {
    const logit = productLogit(tf.tensor1d([0.3, 0.3]), tf.tensor1d([-0.4, -0.4]));
    expectNumbers(numbers(binaryCrossEntropy(logit, tf.tensor1d([1, 0]))), [1.46737, 0.262054]);
  });

  it("list KL at T = 1, 2, 4, and with the student first", () => {
    const values = [1, 2, 4].flatMap((temperature) => numbers(listKl(s, t, { temperature })));
    expectNumbers(values, [0.265753, 0.338825, 0.371345]);
    expectNumbers(numbers(listKl(s, t, { direction: "student-first" })), [0.21518]);
  });

  it("ListNet; ListMLE whole and of two places; relaxed ranking of two", () => {
    expectNumbers(numbers(listNet(s, t)), [1.403652]);
    expectNumbers([...numbers(listMle(s, t)), ...numbers(listMle(s, t, { topK: 2 }))], [3.147893, 1.44648]);
    expectNumbers(numbers(relaxedRanking(s, t, { interesting: 2 })), [1.44648]);
  });

  it("margin MSE of item 0 against the others", () => {
    expectNumbers(numbers(marginMse(s, t)), [1.583333]);
  });

  it("ranking distillation: position weights, loss, discrepancy weights", () => {
    // With student logits of 0 the loss is log 2 times the sum of the weights.
    const weightOf = (rank: number, studentRank?: number): number => {
      const only = [1, 2, 3].map((r) => (r === rank ? 0 : 200));
      const discrepancy =
        studentRank === undefined
          ? {}
          : { discrepancy: { studentRanks: tf.tensor2d([[studentRank, studentRank, studentRank]]) } };
      const loss = rankingDistillation(tf.tensor2d([only]), tf.tensor2d([[1, 2, 3]]), { topK: 3, ...discrepancy });
      return numbers(loss)[0]! / Math.LN2;
    };
    const [a, b, c] = [weightOf(1), weightOf(2), weightOf(3)];
    expectNumbers([a, b, c], [0.665241, 0.244728, 0.090031]);
    expectNumbers(
      numbers(rankingDistillation(tf.tensor2d([[2, 0, -1]]), tf.tensor2d([[1, 2, 3]]), { topK: 3 })),
      [0.372304],
    );
    const hybrid = [weightOf(1, 0), weightOf(2, 12), weightOf(3, 50)];
    expectNumbers(hybrid, [0, 0.186384, 0.090016]);
    expectNumbers([hybrid[0]! / a, hybrid[1]! / b, hybrid[2]! / c], [0, 0.761594, 0.999835]);
  });

  it("collaborative distillation: weights and loss", () => {
    // dL/ds = q - w, and q = 1/2 at s = 0.
    const weights = tf.grad((z: tf.Tensor) => collaborativeDistillation(z, t).sum())(tf.zerosLike(t));
    expectNumbers(
      numbers(weights).map((slope) => 0.5 - slope),
      [0.679179, 0.437823, 0.5, 0.622459],
    );
    expectNumbers(numbers(tf.sum(collaborativeDistillation(s, t))), [3.030145]);
  });

  it("pair losses: hinge at margin 1 and at the teacher's gap, RankNet, teacher-weighted RankNet", () => {
    const values = [
      pairwiseHinge(s, t),
      pairwiseHinge(s, t, { margin: "teacher-gap" }),
      pairwiseLogistic(s, t),
      pairwiseLogistic(s, t, { target: "weighted" }),
    ].flatMap(numbers);
    expectNumbers(values, [0.666667, 0.75, 0.560947, 0.396765]);
  });

  it("a triplet of cosines: hinge and logistic", () => {
    const triplet = tf.tensor2d([[0.5, 0.45]]);
    expectNumbers(numbers(hingeOverNegatives(triplet, { margin: 0.1 })), [0.05]);
    expectNumbers(numbers(logisticOverNegatives(triplet, { sharpness: 10 })), [0.474077]);
  });

  it("the target made from ranks", () => {
    expectNumbers(numbers(rankTarget(tf.tensor2d([[1, 2, 3, 4]]), undefined)), [0.286474, 0.254653, 0.23604, 0.222833]);
  });

  it("in-batch softmax: rows, columns, both; log q on all logits, on the negatives', refined", () => {
    const values = [
      inBatchSoftmax(scaled),
      inBatchSoftmax(tf.transpose(scaled)),
      inBatchSoftmax(scaled, { symmetric: true }),
      inBatchSoftmax(scaled, { logQ }),
      inBatchSoftmax(scaled, { logQ, correction: "negatives-only" }),
      refinedSoftmax(scaled, { logQ }),
    ].map(meanOf);
    expectNumbers(values, [0.125893, 0.092862, 0.109378, 0.103111, 0.354078, -0.058805]);
  });

  it("the second stage of the curriculum, summed", () => {
    expectNumbers(numbers(tf.sum(inBatchHinge(cosines, { margin: 0.3 }))), [0.2]);
  });

  it("streaming frequency of an item hit at steps 10, 20, 30, 40", () => {
    const frequency = streamingFrequency({ items: 1, rate: 0.1, initialGap: 100 });
    const gaps = [10, 20, 30, 40].map((step) => {
      frequency.observe(step, Int32Array.of(0));
      return frequency.gap(0);
    });
    expectNumbers(gaps, [91, 82.9, 75.61, 69.049]);
    expect(frequency.logQ(0)).toBeCloseTo(-Math.log(69.049), 12);
  });

  it("NeuralSort and SoftSort at tau = 1", () => {
    const absolute = { temperature: 1, relativeTo: "absolute" } as const;
    const rows = neuralSort(s, absolute).arraySync()[0]!;
    expectNumbers(rows[0]!, [0.78539, 0.175244, 0.000263, 0.039102]);
    expectNumbers(rows[1]!, [0.119972, 0.537675, 0.016236, 0.326117]);
    expectNumbers(rows[2]!, [0.003401, 0.306151, 0.18569, 0.504758]);
    expectNumbers(rows[3]!, [0.000031, 0.05661, 0.68965, 0.253708]);
    const soft = softSort(s, absolute).arraySync()[0]!;
    expectNumbers(soft[0]!, [0.7101, 0.158445, 0.035354, 0.096102]);
    expectNumbers(soft[3]!, [0.030343, 0.135989, 0.60946, 0.224208]);
  });

  it("adaptive ranking: relaxed, global, balanced; and the loss of one stage", () => {
    const options = { selected: 2, relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
    const labels = tf.tensor2d([[4, 1, 2, 3]]);
    const values = [relaxedRecall, globalOrder, adaptiveRanking, stageRecall].map((loss) =>
      meanOf(loss(s, labels, options)),
    );
    expectNumbers(values, [0.623241, 0.369831, 0.808157, 0.558323]);
  });

  it("tutor learning on probabilities: order, value, half of each", () => {
    const options = { topK: 2, on: "probabilities" } as const;
    const values = [tutorOrder(s, t, options), tutorValue(s, t, options), tutorLearning(s, t, options)].flatMap(
      numbers,
    );
    expectNumbers(values, [0.578264, 0.04269, 0.310477]);
  });

  it("ordinal levels: thresholds and the three labels' losses", () => {
    const options = { scale: 2.8, rates: [0.3, 0.05] };
    // The worked example lies above its own bound, 2.944 - 0.847, though its levels do not cross.
    expect(() => ordinalThresholds(options)).toThrow(/scale must be > 0 and below 2.097.*got 2.8/);
    const allowed = { ...options, allowCrossing: true };
    expectNumbers(ordinalThresholds(allowed), [0.847298, 2.944439]);
    const each = tf.tensor2d([
      [0.6, 0.2],
      [0.6, 0.2],
      [0.6, 0.2],
    ]);
    const labels = tf.tensor2d([
      [0, 0],
      [1, 0],
      [1, 1],
    ]);
    expectNumbers(numbers(ordinalLevels(each, labels, allowed)), [2.387556, 1.365932, 1.46723]);
  });

  it("Recall@2@2 and ordered-pair accuracy of s against t", () => {
    const lists = (items: readonly number[]) => ({
      users: 1,
      width: 2,
      items: Int32Array.from(items),
      scores: new Float32Array(2),
    });
    const recall = recallAtMAtK(lists([0, 1]) as never, lists([0, 3]) as never, { m: 2, k: 2 });
    expect(recall.mean).toBe(0.5);
    expectNumbers([orderedPairAccuracy(s.dataSync(), t.dataSync())!], [0.666667]);
  });

  it("ranks and ties: a window never draws outside, nor where nothing is", () => {
    const stream = randomStream(1, "golden");
    for (let i = 0; i < 50; i++) {
      const rank = drawRank({ kind: "window", from: 101, to: 500 }, 300, stream)!;
      expect(rank >= 101 && rank <= 300).toBe(true);
    }
    expect(drawRank({ kind: "window", from: 101, to: 500 }, 100, stream)).toBeUndefined();
  });
});
