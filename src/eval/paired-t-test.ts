// N = seeds
import { assertFinite, assertFraction, assertSameLength, type Numbers } from "./argument-checks.ts";
import { type Direction, goodness } from "./metric-direction.ts";
import { mean } from "./over-lists.ts";
import { studentTQuantile, studentTTail } from "./student-t.ts";

/** Result of a paired test over seeds; gains are positive where the candidate is better, whatever the direction. */
export type PairedTest =
  | {
      readonly kind: "tested";
      readonly seeds: number;
      /** Mean gain over the base, in the metric's unit (log units for "near-one"). */
      readonly gain: number;
      /** Standard deviation of the gains, n - 1. */
      readonly sd: number;
      readonly t: number;
      /** Two-sided. */
      readonly pValue: number;
      /** Of the mean gain, at the level asked for. */
      readonly interval: readonly [low: number, high: number];
    }
  | { readonly kind: "untested"; readonly seeds: number; readonly gain: number | null; readonly reason: string };

export interface PairedTestOptions {
  /** The metric's direction: see `metricDefinition`. */
  readonly direction: Direction;
  /** Level of the interval, in (0, 1). Default 0.95. */
  readonly level?: number;
}

/**
 * Paired t test of a candidate against its base over seeds: place i of both is the same seed.
 *
 * @param candidate - [N] the metric's final values. @param base - [N].
 * @returns "untested" with the reason where N < 2, or where all seeds gain the same to the bit.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite. @throws {ConfigError} a bad level.
 * Source: Student (1908), "The probable error of a mean", section 9 (paired differences).
 */
export function pairedTTest(
  candidate: Numbers,
  base: Numbers,
  { direction, level = 0.95 }: PairedTestOptions,
): PairedTest {
  assertSameLength("pairedTTest", { candidate, base });
  assertFinite("pairedTTest", "candidate", candidate);
  assertFinite("pairedTTest", "base", base);
  assertFraction("pairedTTest", "level", level);
  const seeds = candidate.length;
  const gains = Float64Array.from(candidate, (value, i) => goodness(value, direction) - goodness(base[i]!, direction));
  const gain = mean(gains);
  if (gain === null || seeds < 2) {
    return { kind: "untested", seeds, gain, reason: `a paired test needs 2 seeds or more, got ${seeds}` };
  }
  const sd = Math.sqrt(gains.reduce((sum, value) => sum + (value - gain) ** 2, 0) / (seeds - 1));
  if (sd === 0) return { kind: "untested", seeds, gain, reason: "every seed gives the same difference" };
  const error = sd / Math.sqrt(seeds);
  const half = studentTQuantile(1 - level, seeds - 1) * error;
  const t = gain / error;
  return {
    kind: "tested",
    seeds,
    gain,
    sd,
    t,
    pValue: studentTTail(t, seeds - 1),
    interval: [gain - half, gain + half],
  };
}
