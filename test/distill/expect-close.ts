import { expect } from "vitest";

export interface Tolerance {
  readonly relative?: number;
  readonly absolute?: number;
}

/** Fails with the worst place, both values and the error; NaN and infinities are close to nothing. */
export function expectClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  what: string,
  { relative = 2e-5, absolute = 2e-6 }: Tolerance = {},
): void {
  expect(got.length, `${what}: length`).toBe(want.length);
  let worst = -1;
  let excess = 1;
  for (let i = 0; i < want.length; i++) {
    if (got[i] === want[i]) continue;
    const allowed = absolute + relative * Math.abs(want[i]!);
    const ratio = Math.abs(got[i]! - want[i]!) / allowed;
    if (!(ratio <= excess)) {
      worst = i;
      excess = Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
    }
  }
  if (worst >= 0)
    expect.fail(
      `${what}: at ${worst} got ${got[worst]}, want ${want[worst]} (${excess.toFixed(1)} times the tolerance)`,
    );
}

/** Fails unless every number is finite. */
export function expectFinite(values: ArrayLike<number>, what: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) expect.fail(`${what}: at ${i} got ${values[i]}, want a finite number`);
}
