import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EntityTable } from "../../src/data/dataset.ts";
import { frequencySampler, type ItemSampler, uniformSampler } from "../../src/data/item-sampler.ts";
import { randomStream } from "../../src/random.ts";

const table = (counts: readonly number[]): EntityTable => ({
  size: counts.length,
  features: new Map(),
  rowEntity: new Int32Array(0),
  trainCount: Int32Array.from(counts),
});

function histogram(sampler: ItemSampler, draws: number, size: number): number[] {
  const stream = randomStream(5, "sampler");
  const counts = new Array<number>(size).fill(0);
  for (let i = 0; i < draws; i++) counts[sampler.draw(stream)]! += 1;
  return counts;
}

/** Pearson's statistic over the items that can be drawn. */
function chiSquare(counts: readonly number[], probabilities: readonly number[], draws: number): number {
  return counts.reduce((sum, count, i) => {
    const expected = probabilities[i]! * draws;
    return expected === 0 ? sum : sum + (count - expected) ** 2 / expected;
  }, 0);
}

describe("samplers", () => {
  const counts = [5, 0, 1, 30, 4, 0, 10];

  it.each([1, 0.75, 0, 2])("draw items by frequency to the power %f", (power) => {
    const weights = counts.map((count) => count ** power);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const probabilities = weights.map((weight) => weight / total);
    const draws = 40_000;
    const drawn = histogram(frequencySampler(table(counts), power), draws, counts.length);
    for (const [item, probability] of probabilities.entries()) if (probability === 0) expect(drawn[item]).toBe(0);
    // 6 degrees of freedom: 22.5 is passed once in a thousand seeds; the seed is fixed.
    expect(chiSquare(drawn, probabilities, draws)).toBeLessThan(22.5);
  });

  it("draw items alike", () => {
    const drawn = histogram(uniformSampler(table(counts)), 40_000, 7);
    expect(chiSquare(drawn, new Array(7).fill(1 / 7), 40_000)).toBeLessThan(22.5);
    expect(uniformSampler(table(counts)).logQ).toEqual(new Float32Array(7).fill(-Math.log(7)));
  });

  it("know the log probability of each item; an item without training rows counts as one row", () => {
    const { logQ } = frequencySampler(table(counts), 1);
    expect(Array.from(logQ)).toEqual([5, 1, 1, 30, 4, 1, 10].map((count) => Math.fround(Math.log(count / 50))));
    expect(Array.from(frequencySampler(table([0, 0]), 1).logQ)).toEqual([0, 0]);
  });

  it("never draw an item without weight, whatever the rounding of the others", () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(weights, fc.constantFrom(0.1, 0.5, 0.75, 1, 1.3), (trainCounts, power) => {
        fc.pre(trainCounts.some((count) => count > 0));
        const sampler = frequencySampler(table(trainCounts), power);
        const stream = randomStream(1);
        for (let i = 0; i < 300; i++) expect(trainCounts[sampler.draw(stream)]).toBeGreaterThan(0);
      }),
    );
  });
});
