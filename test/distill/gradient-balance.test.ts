import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BalanceState, balanceGradients } from "../../src/distill/gradient-balance.ts";

const even = { alpha: 0, rate: 1 };

describe("balanceGradients", () => {
  it("makes the norms alike in one adjustment of rate 1, their product of factors 1", () => {
    const norms = { hard: 8, distill: 0.5, third: 2 };
    const { factors } = balanceGradients(undefined, { norms, losses: { hard: 1, distill: 1, third: 1 } }, even);
    const scaled = Object.entries(norms).map(([name, norm]) => norm * factors[name]!);
    for (const norm of scaled) expect(norm).toBeCloseTo(2, 12);
    expect(factors.hard! * factors.distill! * factors.third!).toBeCloseTo(1, 12);
  });

  it("gives a term that learns more slowly a larger share, by the power alpha", () => {
    const first = { norms: { a: 1, b: 1 }, losses: { a: 4, b: 4 } };
    const state = balanceGradients(undefined, first, { alpha: 2, rate: 1 });
    expect(state).toEqual({ factors: { a: 1, b: 1 }, firstLosses: { a: 4, b: 4 } });
    // a has 1 / 4 of its first loss left, b 3 / 4: shares 0.5 and 1.5 of their mean, a ratio of 3^2 in the norms.
    const next = balanceGradients(state, { norms: { a: 1, b: 1 }, losses: { a: 1, b: 3 } }, { alpha: 2, rate: 1 });
    expect(next.factors.b! / next.factors.a!).toBeCloseTo(9, 12);
  });

  it("goes the given share of the way, in logs, from the factors before", () => {
    const before: BalanceState = { factors: { a: 2, b: 0.5 }, firstLosses: { a: 1, b: 1 } };
    const measured = { norms: { a: 4, b: 1 }, losses: { a: 1, b: 1 } };
    const half = balanceGradients(before, measured, { alpha: 0, rate: 0.5 });
    const whole = balanceGradients(before, measured, even);
    const log = ({ factors }: BalanceState): number => Math.log(factors.a! / factors.b!);
    expect(log(half)).toBeCloseTo((log(before) + log(whole)) / 2, 12);
  });

  it("keeps the factor of a term without a gradient, and of the only one that has one", () => {
    const before: BalanceState = { factors: { a: 3, b: 0.2, c: 5 }, firstLosses: { a: 1, b: 1, c: 0 } };
    const losses = { a: 1, b: 1, c: 1 };
    expect(balanceGradients(before, { norms: { a: 1, b: 0, c: 2 }, losses }, even).factors).toEqual(before.factors);
    const { factors } = balanceGradients(before, { norms: { a: 1, b: 9, c: 2 }, losses }, even);
    expect(factors.c).toBe(5);
    expect(factors.a! * factors.b!).toBeCloseTo(1, 12);
  });

  it("converges to norms alike from any start", () => {
    const positive = fc.double({ min: 1e-3, max: 1e3, noNaN: true });
    fc.assert(
      fc.property(positive, positive, positive, (a, b, c) => {
        const raw = { a, b, c };
        let state: BalanceState | undefined;
        const scaled = (): Record<string, number> =>
          Object.fromEntries(Object.entries(raw).map(([name, norm]) => [name, norm * (state?.factors[name] ?? 1)]));
        for (let i = 0; i < 60; i++)
          state = balanceGradients(state, { norms: scaled(), losses: { a: 1, b: 2, c: 3 } }, { alpha: 0, rate: 0.5 });
        const norms = Object.values(scaled());
        for (const norm of norms) expect(norm / norms[0]!).toBeCloseTo(1, 6);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [{ alpha: -1, rate: 1 }, "-1 and 1"],
    [{ alpha: 1, rate: 0 }, "1 and 0"],
    [{ alpha: 1, rate: 1.5 }, "1 and 1.5"],
    [{ alpha: 1, rate: Number.NaN }, "1 and NaN"],
  ])("refuses %j", (options, got) => {
    expect(() => balanceGradients(undefined, { norms: { a: 1 }, losses: { a: 1 } }, options)).toThrow(
      `balanceGradients: alpha must be >= 0 and rate in (0, 1], got ${got}`,
    );
  });
});
