// What any right implementation satisfies, whatever the inputs.
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streamingFrequency } from "../../src/data/streaming-frequency.ts";
import { neuralSort, softSort } from "../../src/distill/lists/soft-permutation.ts";
import { bernoulliKl } from "../../src/distill/losses/bernoulli-kl.ts";
import { binaryCrossEntropy } from "../../src/distill/losses/binary-cross-entropy.ts";
import { cascadeRanking, cascadeSurvival } from "../../src/distill/losses/cascade-survival.ts";
import { inBatchSoftmax } from "../../src/distill/losses/in-batch-softmax.ts";
import { listKl } from "../../src/distill/losses/list-kl.ts";
import { listMle } from "../../src/distill/losses/list-mle.ts";
import { listNet } from "../../src/distill/losses/list-net.ts";
import { ordinalLevels, ordinalThresholds } from "../../src/distill/losses/ordinal-levels.ts";
import { hingeOverNegatives, logisticOverNegatives } from "../../src/distill/losses/over-negatives.ts";
import { pairwiseLogistic } from "../../src/distill/losses/pairwise-logistic.ts";
import { rankDistil } from "../../src/distill/losses/rank-distil.ts";
import { rankingDistillation } from "../../src/distill/losses/ranking-distillation.ts";
import { relaxedRanking } from "../../src/distill/losses/relaxed-ranking.ts";
import { stageRecall } from "../../src/distill/losses/relaxed-recall.ts";
import { createNoise } from "../../src/engine/noise.ts";
import { randomStream, roundKeys } from "../../src/random.ts";
import { expectClose } from "./expect-close.ts";

const logit = fc.double({ min: -6, max: 6, noNaN: true }).map(Math.fround);
const listOf = (length: number) => fc.array(logit, { minLength: length, maxLength: length });
/** Distinct numbers: no ties. */
const orderOf = (length: number) =>
  fc.shuffledSubarray(
    Array.from({ length }, (_, i) => i),
    { minLength: length, maxLength: length },
  );

const numbers = (x: tf.Tensor): number[] => {
  const values = [...x.dataSync()];
  x.dispose();
  return values;
};
const one = (list: readonly number[]): tf.Tensor2D => tf.tensor2d([[...list]]);
const property = <T extends readonly unknown[]>(
  arbitraries: { [K in keyof T]: fc.Arbitrary<T[K]> },
  check: (...values: T) => void,
): void =>
  fc.assert(
    fc.property(fc.tuple(...(arbitraries as fc.Arbitrary<unknown>[])), (values) => {
      tf.engine().startScope();
      check(...(values as unknown as T));
      tf.engine().endScope();
    }),
    { numRuns: 40 },
  );

describe("identities", () => {
  it("a cascade of one stage is that stage's loss; a stage that passes everything changes nothing", () => {
    property([listOf(6), listOf(6), orderOf(6)], (first, second, order) => {
      const [a, b, best] = [one(first), one(second), one(order)];
      const options = { selected: [3], relevant: 2, temperature: 1, relativeTo: "absolute" } as const;
      const alone = numbers(cascadeSurvival([a], best, options));
      expectClose(alone, numbers(stageRecall(a, best, { ...options, selected: 3 })), "one stage");
      const open = { ...options, selected: [3, 6] };
      expectClose(numbers(cascadeSurvival([a, b], best, open)), alone, "an open stage", { relative: 1e-4 });
      // Each stage's own loss is added by half where its balance is 1.
      const whole = numbers(cascadeRanking([a, a], best, { ...options, selected: [3, 2] }));
      const [three, two] = [3, 2].map((selected) => numbers(stageRecall(a, best, { ...options, selected }))[0]!);
      const joint = numbers(cascadeSurvival([a, a], best, { ...options, selected: [3, 2] }))[0]!;
      expectClose(whole, [joint + (three! + two!) / 2], "the whole");
    });
  });

  it("T^2 KL tends to half the mean square of the centred difference as T grows", () => {
    property([listOf(5), listOf(5)], (s, t) => {
      const c = t.map((x, i) => x - s[i]!);
      const mean = c.reduce((a, b) => a + b) / 5;
      const limit = c.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 10;
      fc.pre(new Set(t).size > 1);
      expectClose(numbers(listKl(one(s), one(t), { temperature: 300 })), [limit], "limit", {
        relative: 0.05,
        absolute: 0.02,
      });
    });
  });

  it("the gradient of KL keeps its size as T grows, and falls as 1 / T^2 without the factor", () => {
    property([listOf(4), listOf(4)], (s, t) => {
      // To first order the gradient is the difference of the lists less its mean: it must not vanish.
      const differences = s.map((x, i) => x - t[i]!);
      fc.pre(new Set(t).size > 1 && Math.max(...differences) - Math.min(...differences) > 1);
      const size = (temperature: number, scaleByTemperatureSquared: boolean): number => {
        const gradient = tf.grad((x: tf.Tensor) => listKl(x, one(t), { temperature, scaleByTemperatureSquared }))(
          one(s),
        );
        return Math.hypot(...numbers(gradient));
      };
      const [near, far] = [size(60, true), size(120, true)];
      expect(Math.abs(far / near - 1)).toBeLessThan(0.2);
      expect(size(120, false) * 120 ** 2).toBeCloseTo(far, 2);
    });
  });

  it("ListNet of two items is the logistic pair loss with the teacher's probability", () => {
    property([listOf(2), listOf(2)], (s, t) => {
      fc.pre(t[0] !== t[1]);
      const pair = pairwiseLogistic(one(s), one(t), { target: "probability" });
      expectClose(numbers(listNet(one(s), one(t))), numbers(pair), "two items");
    });
  });

  it("relaxed ranking with all other items below is ListMLE of the first places", () => {
    property([listOf(6), orderOf(6), fc.integer({ min: 1, max: 6 })], (s, t, k) => {
      const relaxed = relaxedRanking(one(s), one(t), { interesting: k, uninteresting: tf.ones([1, 6]) });
      expectClose(numbers(relaxed), numbers(listMle(one(s), one(t), { topK: k })), "relaxed");
    });
  });

  it("ListMLE counts only the order of the teacher's scores", () => {
    property([listOf(5), orderOf(5)], (s, t) => {
      const stretched = t.map((x) => Math.exp(x) + 3 * x);
      expectClose(numbers(listMle(one(s), one(stretched))), numbers(listMle(one(s), one(t))), "stretched", {
        absolute: 0,
        relative: 0,
      });
    });
  });

  it("a constant log q changes nothing in the in-batch softmax, nor does a number added to a user's logits", () => {
    property(
      [fc.array(listOf(4), { minLength: 4, maxLength: 4 }), fc.double({ min: -5, max: 0, noNaN: true }), logit],
      (z, q, shift) => {
        const logits = tf.tensor2d(z as number[][]);
        const gradient = (options: object): number[] =>
          numbers(tf.grad((x: tf.Tensor) => inBatchSoftmax(x, options))(logits));
        expectClose(gradient({ logQ: tf.fill([4], q) }), gradient({}), "gradient", { absolute: 1e-5 });
        const shifted = tf.add(logits, tf.tensor2d([[shift], [0], [0], [0]]));
        expectClose(numbers(inBatchSoftmax(shifted)), numbers(inBatchSoftmax(logits)), "shifted", { absolute: 1e-5 });
      },
    );
  });

  it("the logistic triplet over its sharpness tends to the hinge without margin", () => {
    property([listOf(4)], (c) => {
      const sharp = numbers(logisticOverNegatives(one(c), { sharpness: 2000 }))[0]! / 2000;
      expectClose([sharp], numbers(hingeOverNegatives(one(c), { margin: 0 })), "hinge", { absolute: 1e-3 });
    });
  });

  it("a hinge whose margin is kept has no gradient", () => {
    const gradient = tf.grad((x: tf.Tensor) => hingeOverNegatives(x, { margin: 0.2 }))(tf.tensor2d([[0.9, 0.5, 0.1]]));
    expect(numbers(gradient).map(Math.abs)).toEqual([0, 0, 0]);
  });

  it("soft permutations become the one that sorts as tau goes to 0; rows sum to 1, columns need not", () => {
    property([orderOf(5)], (order) => {
      const scores = one(order);
      for (const sort of [neuralSort, softSort]) {
        const cold = sort(scores, { temperature: 1e-3 }).arraySync()[0]!;
        const wanted = Array.from({ length: 5 }, (_, place) => order.map((x) => (x === 4 - place ? 1 : 0)));
        expectClose(cold.flat(), wanted.flat(), "hard", { absolute: 1e-6 });
        const warm = sort(scores, { temperature: 0.5 }).arraySync()[0]!;
        for (const row of warm) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      }
    });
    const columns = tf.sum(neuralSort(tf.tensor2d([[2, 0.5, -1, 0]]), { temperature: 1, relativeTo: "absolute" }), 1);
    expect(Math.max(...numbers(columns).map((x) => Math.abs(x - 1)))).toBeGreaterThan(0.02);
  });

  it("NeuralSort does not change when scores and tau grow together, nor, relative to the list, with the scale alone", () => {
    property([orderOf(4), fc.double({ min: 0.5, max: 20, noNaN: true })], (order, factor) => {
      const [scores, scaled] = [one(order), one(order.map((x) => x * factor))];
      const absolute = (x: tf.Tensor, temperature: number): number[] =>
        numbers(neuralSort(x, { temperature, relativeTo: "absolute" }));
      expectClose(absolute(scaled, 2 * factor), absolute(scores, 2), "together", { absolute: 1e-5 });
      expectClose(numbers(neuralSort(scaled)), numbers(neuralSort(scores)), "relative", { absolute: 1e-5 });
    });
  });

  it("RankDistil of one place over many orders is ListNet; of a sure teacher it is ListMLE", () => {
    const [s, t] = [
      [2, 0.5, -1, 0],
      [1.5, -0.5, 0, 1],
    ];
    const noise = createNoise(tf.tensor1d(Float32Array.from(roundKeys(1, "test"), (key) => key / 4096)));
    const many = noise.gumbel("orders", [20_000, 1, 4]);
    const [drawn] = numbers(rankDistil(one(s), one(t), { gumbel: many, topK: 1 }));
    expect(Math.abs(drawn! - 1.403652)).toBeLessThan(0.02);
    const few = noise.gumbel("few", [20, 1, 4]);
    const sure = rankDistil(one(s), one(t.map((x) => x * 1e4)), { gumbel: few });
    expectClose(numbers(sure), numbers(listMle(one(s), one(t))), "sure teacher");
  });

  it("ranking distillation: position weights sum to 1 and fall; an item ranked well enough weighs nothing", () => {
    property([fc.integer({ min: 2, max: 8 }), fc.double({ min: 0.2, max: 9, noNaN: true })], (n, decay) => {
      const ranks = one(Array.from({ length: n }, (_, i) => i + 1));
      const options = { topK: n, positionWeights: { kind: "exponential", decay } } as const;
      // dL/ds = -w sigmoid(-s), and sigmoid(0) = 1/2.
      const weights = numbers(tf.grad((x: tf.Tensor) => rankingDistillation(x, ranks, options))(tf.zeros([1, n]))).map(
        (x) => -2 * x,
      );
      expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
      for (let r = 1; r < n; r++) expect(weights[r]!).toBeLessThan(weights[r - 1]!);
      const reached = rankingDistillation(tf.zeros([1, n]), ranks, {
        ...options,
        discrepancy: { studentRanks: ranks },
      });
      expect(numbers(reached)).toEqual([0]);
    });
  });

  it("two-class softmax KL of [0, z] is the Bernoulli KL: one logit never goes through a softmax of its own", () => {
    property([logit, logit], (s, t) => {
      fc.pre(Math.abs(s - t) > 1e-3 && t !== 0);
      const pair = listKl(one([0, s]), one([0, t]), { temperature: 2 });
      expectClose(
        numbers(bernoulliKl(tf.tensor1d([s]), tf.tensor1d([t]), { temperature: 2 })),
        numbers(pair),
        "two classes",
        { absolute: 1e-5 },
      );
      const gradient = tf.grad((x: tf.Tensor) => bernoulliKl(x, tf.tensor1d([t]), { temperature: 2 }))(
        tf.tensor1d([s]),
      );
      expect(Math.abs(numbers(gradient)[0]!)).toBeGreaterThan(0);
    });
  });

  it("one ordinal level is the cross-entropy of gamma cos - a; levels never rise", () => {
    property(
      [fc.double({ min: -1, max: 1, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }), fc.boolean()],
      (c0, c1, y) => {
        const single = { scale: 3, rates: [0.2] };
        const [a] = ordinalThresholds(single);
        const label = tf.tensor2d([[y ? 1 : 0]]);
        const plain = binaryCrossEntropy(tf.tensor1d([3 * c0 - a!]), tf.reshape(label, [1]) as tf.Tensor1D);
        expectClose(numbers(ordinalLevels(one([c0]), label, single)), numbers(plain), "one level", { absolute: 1e-5 });
        const [first, second] = ordinalThresholds({ scale: 2, rates: [0.3, 0.05] });
        expect(2 * (c0 + c1) - second!).toBeLessThan(2 * c0 - first! + 1e-9);
      },
    );
  });

  it("a constant gap stays, a stream of them is found, and collisions only shorten gaps", () => {
    const steady = streamingFrequency({ items: 3, rate: 0.1, initialGap: 7 });
    for (let k = 1; k <= 20; k++) steady.observe(7 * k, Int32Array.of(1, 1, 1));
    expect(steady.gap(1)).toBeCloseTo(7, 9);
    const learned = streamingFrequency({ items: 3, rate: 0.05, initialGap: 100 });
    for (let k = 1; k <= 400; k++) learned.observe(4 * k, Int32Array.of(2));
    expect(learned.gap(2)).toBeCloseTo(4, 5);
    const stream = randomStream(3, "hits");
    const [exact, narrow, several] = [{}, { buckets: 16 }, { buckets: 16, hashes: 4 }].map((options) =>
      streamingFrequency({ items: 64, rate: 0.05, initialGap: 50, ...options }),
    ) as [
      ReturnType<typeof streamingFrequency>,
      ReturnType<typeof streamingFrequency>,
      ReturnType<typeof streamingFrequency>,
    ];
    for (let step = 1; step <= 2000; step++) {
      const items = Int32Array.from({ length: 3 }, () => stream.integer(64));
      for (const frequency of [exact, narrow, several]) frequency.observe(step, items);
    }
    const shortened = Array.from({ length: 64 }, (_, item) => narrow.gap(item) < exact.gap(item));
    expect(shortened.filter(Boolean).length).toBeGreaterThan(40);
    for (let item = 0; item < 64; item++) {
      expect(narrow.gap(item)).toBeLessThanOrEqual(exact.gap(item));
      expect(several.gap(item)).toBeGreaterThanOrEqual(narrow.gap(item) - 1e-9);
    }
  });
});
