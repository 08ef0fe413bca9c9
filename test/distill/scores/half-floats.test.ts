import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHalf, fromHalves, LARGEST_HALF, toHalf, toHalves } from "../../../src/distill/scores/half-floats.ts";

describe("float16", () => {
  it("keeps every one of the 65,536 patterns", () => {
    const wrong: number[] = [];
    for (let half = 0; half < 65_536; half++) {
      const value = fromHalf(half);
      const back = toHalf(value);
      if (Number.isNaN(value) ? !Number.isNaN(fromHalf(back)) : back !== half) wrong.push(half);
    }
    expect(wrong).toEqual([]);
  });

  it("has the numbers of the standard", () => {
    expect([0x0001, 0x03ff, 0x0400, 0x3c00, 0x3555, 0x7bff, 0x7c00, 0xc000].map(fromHalf)).toEqual([
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      1,
      0.333251953125,
      LARGEST_HALF,
      Infinity,
      -2,
    ]);
  });

  it("rounds to the nearest, ties to even", () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [low, high] = [fromHalf(half), fromHalf(half + 1)];
      const even = half % 2 === 0 ? half : half + 1;
      expect(toHalf((low + high) / 2)).toBe(even);
      expect(toHalf(-(low + high) / 2)).toBe(even | 0x8000);
    }
    expect([65519, 65520, -1e9].map((value) => fromHalf(toHalf(value)))).toEqual([LARGEST_HALF, Infinity, -Infinity]);
  });

  it("is off by at most 2^-11 of the value", () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(6.2e-5), max: 65_000, noNaN: true }), (value) => {
        expect(Math.abs(fromHalf(toHalf(value)) - value)).toBeLessThanOrEqual(value * 2 ** -11);
      }),
    );
  });

  it("converts arrays", () => {
    expect(fromHalves(toHalves(Float32Array.of(1.5, -0.1, 0)))).toEqual(Float32Array.of(1.5, -0.0999755859375, 0));
  });
});
