import { describe, expect, it } from "vitest";
import { COUNTERS_PER_KEY, permutation, ROUNDS, random24, randomStream, roundKeys } from "../src/random.ts";

describe("random24", () => {
  it("is a bijection of 24 bits under any keys", () => {
    const keys = roundKeys(7, "bijection");
    const seen = new Uint8Array(COUNTERS_PER_KEY);
    for (let counter = 0; counter < COUNTERS_PER_KEY; counter++) seen[random24(keys, counter)]! += 1;
    expect(seen.every((count) => count === 1)).toBe(true);
  });

  it("has the numbers that runs were recorded with", () => {
    const keys = roundKeys(0, "golden", 1);
    expect(Array.from(keys)).toMatchInlineSnapshot(`
      [
        1905,
        1442,
        2932,
        3248,
        3282,
        1160,
      ]
    `);
    expect([0, 1, 2, 4095, 4096, 2 ** 24 - 1].map((counter) => random24(keys, counter))).toMatchInlineSnapshot(`
      [
        1112607,
        13797829,
        14084805,
        6044710,
        11474216,
        7951766,
      ]
    `);
    expect(Array.from(roundKeys(-(2 ** 40), "x"))).toMatchInlineSnapshot(`
      [
        3928,
        606,
        2185,
        2190,
        1044,
        1247,
      ]
    `);
  });

  it("changes about half of its bits with one bit of the counter or of a key", () => {
    const keys = roundKeys(3, "avalanche");
    const flipped = (round: number): Int32Array => keys.map((key, i) => (i === round ? key ^ 1 : key));
    let [bits, keyBits] = [0, 0];
    for (let counter = 0; counter < 20_000; counter++) {
      bits += ones(random24(keys, counter) ^ random24(keys, counter ^ 1));
      keyBits += ones(random24(keys, counter) ^ random24(flipped(1), counter));
    }
    expect(bits / 20_000).toBeGreaterThan(11.5);
    expect(bits / 20_000).toBeLessThan(12.5);
    expect(keyBits / 20_000).toBeGreaterThan(10);
  });
});

function ones(x: number): number {
  let count = 0;
  for (let rest = x; rest !== 0; rest &= rest - 1) count++;
  return count;
}

describe("roundKeys", () => {
  it("are 12-bit numbers that differ with seed and every part of the path", () => {
    const names = [
      [0],
      [1],
      [0, "a"],
      [0, "b"],
      [0, 1],
      [0, 2],
      [0, "1"],
      [0, "a", "b"],
      [0, "ab"],
      [2 ** 33],
      [-1],
    ] as const;
    const keys = names.map(([seed, ...path]) => roundKeys(seed, ...path));
    for (const key of keys) {
      expect(key).toHaveLength(ROUNDS);
      expect(key.every((value) => value >= 0 && value < 4096)).toBe(true);
    }
    expect(new Set(keys.map(String)).size).toBe(names.length);
  });
});

const DRAWS = 200_000;

describe("randomStream", () => {
  it("draws uniform numbers: buckets, pairs and lags as chance has them", () => {
    const stream = randomStream(11, "uniform");
    const values = Float64Array.from({ length: DRAWS }, () => stream.uniform());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(
      chiSquare(
        values.map((value) => Math.floor(value * 256)),
        256,
      ),
    ).toBeLessThan(342); // 99.98 % point, 255 degrees
    const pairs = Float64Array.from(
      { length: DRAWS / 2 },
      (_, i) => Math.floor(values[2 * i]! * 16) * 16 + Math.floor(values[2 * i + 1]! * 16),
    );
    expect(chiSquare(pairs, 256)).toBeLessThan(342);
    for (const lag of [1, 2, 4096]) expect(Math.abs(correlation(values, lag))).toBeLessThan(4 / Math.sqrt(DRAWS));
  });

  it("draws standard normal numbers", () => {
    const stream = randomStream(12, "normal");
    const values = Float64Array.from({ length: DRAWS }, () => stream.normal());
    const moment = (power: number): number => values.reduce((sum, value) => sum + value ** power, 0) / DRAWS;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(moment(4)).toBeCloseTo(3, 0);
    expect(values.filter((value) => value > 1.6449).length / DRAWS).toBeCloseTo(0.05, 2);
  });

  it("draws integers below any bound, each alike", () => {
    const stream = randomStream(13, "integer");
    const small = Float64Array.from({ length: DRAWS }, () => stream.integer(10));
    expect(chiSquare(small, 10)).toBeLessThan(30);
    const large = Float64Array.from({ length: DRAWS }, () => stream.integer(2 ** 40));
    expect(
      chiSquare(
        large.map((value) => Math.floor(value / 2 ** 36)),
        16,
      ),
    ).toBeLessThan(45);
    expect(large.every((value) => Number.isInteger(value) && value < 2 ** 40)).toBe(true);
    expect(stream.integer(1)).toBe(0);
  });

  it("is a function of its name, and goes on past one key's numbers", () => {
    const [a, b, other] = [randomStream(5, "x"), randomStream(5, "x"), randomStream(6, "x")];
    expect(a.uniform()).toBe(b.uniform());
    expect(a.uniform()).not.toBe(other.uniform());
    const long = randomStream(5, "long");
    for (let i = 0; i < COUNTERS_PER_KEY; i++) long.uniform();
    expect(long.uniform()).toBe(random24(roundKeys(5, "long", 1), 0) / COUNTERS_PER_KEY);
  });
});

describe("permutation", () => {
  it("has every number once, and every number everywhere", () => {
    const stream = randomStream(14, "permutation");
    const places = new Float64Array(8 * 2000);
    for (let draw = 0; draw < 2000; draw++) {
      const order = permutation(8, stream);
      expect(Array.from(order).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      order.forEach((value, place) => {
        places[draw * 8 + place] = value * 8 + place;
      });
    }
    expect(chiSquare(places, 64)).toBeLessThan(100); // 49 degrees of freedom
  });

  it("takes lengths 0 and 1", () => {
    expect(permutation(0, randomStream(1))).toEqual(Int32Array.of());
    expect(permutation(1, randomStream(1))).toEqual(Int32Array.of(0));
  });
});

function chiSquare(values: Float64Array, buckets: number): number {
  const counts = new Float64Array(buckets);
  for (const value of values) counts[value]! += 1;
  const expected = values.length / buckets;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

function correlation(values: Float64Array, lag: number): number {
  let sum = 0;
  for (let i = lag; i < values.length; i++) sum += (values[i]! - 0.5) * (values[i - lag]! - 0.5);
  return (12 * sum) / (values.length - lag);
}
