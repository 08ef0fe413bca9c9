import { describe, expect, it } from "vitest";
import { glorotUniform, type Initialiser, initialValues, zeros } from "../../src/engine/initialisers.ts";
import { COUNTERS_PER_KEY, random24, roundKeys } from "../../src/random.ts";

const uniform: Initialiser = { kind: "uniform", limit: 0.5, seed: 3 };
const normal: Initialiser = { kind: "normal", deviation: 2, seed: 3 };

describe("initialValues", () => {
  it("are functions of seed, name and position: any range gives the same numbers", () => {
    for (const initialiser of [uniform, normal]) {
      const whole = initialValues(initialiser, "p", 0, 1000);
      expect(initialValues(initialiser, "p", 337, 600)).toEqual(whole.slice(337, 600));
      expect(initialValues(initialiser, "q", 0, 1000)).not.toEqual(whole);
      expect(initialValues({ ...initialiser, seed: 4 }, "p", 0, 1000)).not.toEqual(whole);
    }
  });

  it("have the numbers of random.ts, also past one key's", () => {
    const number = (position: number): number =>
      random24(roundKeys(3, "initial", "p", Math.floor(position / COUNTERS_PER_KEY)), position % COUNTERS_PER_KEY) /
      COUNTERS_PER_KEY;
    for (const at of [0, 12345, COUNTERS_PER_KEY - 1, COUNTERS_PER_KEY, 3 * COUNTERS_PER_KEY + 7]) {
      expect(initialValues(uniform, "p", at, at + 1)).toEqual(Float32Array.of((2 * number(at) - 1) * 0.5));
      const radius = Math.sqrt(-2 * Math.log(1 - number(2 * at)));
      expect(initialValues(normal, "p", at, at + 1)[0]).toBeCloseTo(
        2 * radius * Math.cos(2 * Math.PI * number(2 * at + 1)),
        5,
      );
    }
  });

  it("have the distribution asked for", () => {
    const u = initialValues(uniform, "p", 0, 100_000);
    expect(u.every((value) => Math.abs(value) <= 0.5)).toBe(true);
    expect(Math.abs(mean(u))).toBeLessThan(0.005);
    expect(mean(u.map((value) => value ** 2))).toBeCloseTo(0.25 / 3, 2);
    const n = initialValues(normal, "p", 0, 100_000);
    expect(Math.abs(mean(n))).toBeLessThan(0.03);
    expect(mean(n.map((value) => value ** 2)) / 4).toBeCloseTo(1, 1);
    expect(initialValues(zeros, "p", 5, 8)).toEqual(new Float32Array(3));
    expect(initialValues({ kind: "constant", value: -1.5 }, "p", 0, 2)).toEqual(Float32Array.of(-1.5, -1.5));
  });

  it("keep the numbers that runs were recorded with", () => {
    expect(Array.from(initialValues(uniform, "teacher/kernel", 0, 4))).toMatchInlineSnapshot(`
      [
        -0.3319280743598938,
        0.4058033227920532,
        -0.023794949054718018,
        -0.39812350273132324,
      ]
    `);
    expect(Array.from(initialValues(normal, "teacher/kernel", 0, 4))).toMatchInlineSnapshot(`
      [
        1.0069185495376587,
        1.8241994380950928,
        0.6663353443145752,
        1.8486652374267578,
      ]
    `);
  });
});

describe("glorotUniform", () => {
  it("takes its limit from both fans", () => {
    expect(glorotUniform(2, 4, 7)).toEqual({ kind: "uniform", limit: 1, seed: 7 });
  });

  it.each([
    [0, 3],
    [3, Number.NaN],
  ])("refuses fans %d and %d", (fanIn, fanOut) => {
    expect(() => glorotUniform(fanIn, fanOut, 0)).toThrow(
      `glorotUniform: fanIn and fanOut must be > 0, got ${fanIn} and ${fanOut}`,
    );
  });
});

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
