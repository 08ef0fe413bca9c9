import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeSummaries, QUANTILES, summarise } from "../../../src/distill/scores/score-columns.ts";
import { DataError } from "../../../src/errors.ts";

const finite = fc.float({ min: -1000, max: 1000, noNaN: true });
const of = (values: readonly number[]) =>
  summarise(Float32Array.from(values), { head: "h", locate: (i) => `pair ${i}` });
const shareBelow = (values: readonly number[], x: number): number =>
  values.filter((value) => value < x).length / values.length;

describe("summaries of scores", () => {
  it("have the quantiles of linear interpolation", () => {
    const { min, mean, max, quantiles } = of([4, 1, 3, 2, 5]);
    expect([min, mean, max, quantiles[0], quantiles[25], quantiles[50], quantiles[60], quantiles[100]]).toEqual([
      1, 3, 5, 1, 2, 3, 3.4, 5,
    ]);
  });

  it("refuse what is not finite, and say where", () => {
    expect(() => of([1, Number.NaN])).toThrow(new DataError('pair 1: score "h" must be a finite number, got NaN'));
    expect(() => of([-Infinity])).toThrow(new DataError('pair 0: score "h" must be a finite number, got -Infinity'));
  });

  it("merge: extremes and mean exactly, quantiles to 2/100 of rank", () => {
    const part = fc.array(finite, { minLength: 150, maxLength: 400 });
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 4 }), (parts) => {
        const all = parts.flat();
        const merged = mergeSummaries(parts.map((values) => ({ rows: values.length, summary: of(values) })));
        const whole = of(all);
        expect(merged.min).toBe(whole.min);
        expect(merged.max).toBe(whole.max);
        expect(merged.mean).toBeCloseTo(whole.mean, 6);
        for (const [i, share] of QUANTILES.entries()) {
          const value = merged.quantiles[i]!;
          expect(shareBelow(all, value)).toBeLessThanOrEqual(share + 0.021);
          expect(
            1 -
              shareBelow(
                all.map((x) => -x),
                -value,
              ),
          ).toBeGreaterThanOrEqual(share - 0.021);
          if (i > 0) expect(value).toBeGreaterThanOrEqual(merged.quantiles[i - 1]!);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("of one shard are that shard's", () => {
    const one = of([1, 2, 3]);
    expect(mergeSummaries([{ rows: 3, summary: one }])).toEqual(one);
  });
});
