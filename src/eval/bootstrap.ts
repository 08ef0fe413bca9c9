// U = units that are drawn: users, or seeds
import { type RandomStream, randomStream } from "../random.ts";
import { assertCount, assertFinite, assertFraction, assertSameLength, type Numbers } from "./argument-checks.ts";

export interface BootstrapOptions {
  /** Same seed, same interval, on every machine. */
  readonly seed: number;
  /** Samples drawn, >= 1. Default 2000. */
  readonly resamples?: number;
  /** Level of the interval, in (0, 1). Default 0.95. */
  readonly level?: number;
}

/** A percentile interval of a statistic under resampling. */
export interface BootstrapInterval {
  /** The statistic of the units themselves; null where undefined. */
  readonly value: number | null;
  /** Ends of the interval; null where more than 1 - level of the samples leave the statistic undefined. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Samples for which the statistic was undefined. */
  readonly undefinedResamples: number;
}

/**
 * Percentile bootstrap of any statistic of U units: draws U units with replacement, again and again.
 *
 * @param units - U, >= 1. @param statistic - of a sample given as [U] unit numbers (repeats allowed); the array is
 *   used again for the next sample. Null where the sample leaves it undefined.
 * @throws {ConfigError} units or resamples < 1, a level outside (0, 1).
 * Source: Efron and Tibshirani (1993), "An introduction to the bootstrap", section 13.3 (percentile interval).
 */
export function bootstrap(
  units: number,
  statistic: (sample: Int32Array) => number | null,
  { seed, resamples = 2000, level = 0.95 }: BootstrapOptions,
): BootstrapInterval {
  assertCount("bootstrap", "units", units);
  assertCount("bootstrap", "resamples", resamples);
  assertFraction("bootstrap", "level", level);
  const value = statistic(Int32Array.from({ length: units }, (_, unit) => unit));
  const stream = randomStream(seed, "bootstrap");
  const sample = new Int32Array(units);
  const drawn = new Float64Array(resamples);
  let defined = 0;
  for (let i = 0; i < resamples; i++) {
    const result = statistic(draw(sample, stream));
    if (result !== null) drawn[defined++] = result;
  }
  const undefinedResamples = resamples - defined;
  const usable = defined > 0 && undefinedResamples <= (1 - level) * resamples;
  const sorted = drawn.subarray(0, defined).sort();
  const tail = (1 - level) / 2;
  const interval = usable ? ([quantile(sorted, tail), quantile(sorted, 1 - tail)] as const) : null;
  return { value, interval, undefinedResamples };
}

/** Bootstrap of a mean over users. @param values - [U] one a user. See `bootstrap`. @throws {DataError} not finite. */
export function bootstrapMean(values: Numbers, options: BootstrapOptions): BootstrapInterval {
  assertFinite("bootstrapMean", "values", values);
  return bootstrap(values.length, (sample) => meanOf(values, sample), options);
}

/**
 * Paired bootstrap of mean(candidate) - mean(base) over the same users (raw difference: mind the metric's direction).
 *
 * @param candidate - [U]. @param base - [U] the same users in the same order.
 * @throws {ShapeError} lengths differ. @throws {DataError} a value that is not finite.
 */
export function bootstrapDifference(candidate: Numbers, base: Numbers, options: BootstrapOptions): BootstrapInterval {
  assertSameLength("bootstrapDifference", { candidate, base });
  return bootstrapMean(
    Float64Array.from(candidate, (value, user) => value - base[user]!),
    options,
  );
}

/** Mean over a sample of places. */
export function meanOf(values: Numbers, sample: Int32Array): number {
  let sum = 0;
  for (const place of sample) sum += values[place]!;
  return sum / sample.length;
}

function draw(sample: Int32Array, stream: RandomStream): Int32Array {
  for (let i = 0; i < sample.length; i++) sample[i] = stream.integer(sample.length);
  return sample;
}

/** Quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan, 1996). */
function quantile(sorted: Float64Array, fraction: number): number {
  const place = fraction * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (place - low) * (sorted[high]! - sorted[low]!);
}
