import { ConfigError } from "../errors.ts";
import { COUNTERS_PER_KEY, random24, roundKeys } from "../random.ts";

export interface StreamingFrequencyOptions {
  /** Items in the catalogue: with no `buckets`, each item has its own place and nothing collides. */
  readonly items: number;
  /** Hashed places; fewer than the items saves memory and lets items collide. */
  readonly buckets?: number;
  /** Hash functions, >= 1; the largest of their gaps counts, since collisions only shorten gaps. Default 1. */
  readonly hashes?: number;
  /** How fast the mean follows, in (0, 1). Default 0.01. */
  readonly rate?: number;
  /** Gap of an item before its first hit, in steps; > 0. Default: items, as if all were equally frequent. */
  readonly initialGap?: number;
}

/** Moving averages of the steps between an item's appearances. Holds state; a copy is `options` and the batches again. */
export interface StreamingFrequency {
  /** Notes the items of a step: each once, however often it stands there. Steps rise from 1. */
  readonly observe: (step: number, items: Int32Array) => void;
  /** Mean steps between two appearances. */
  readonly gap: (item: number) => number;
  /** Natural log of the item's probability to stand in a step, -log(gap), at most 0. */
  readonly logQ: (item: number) => number;
}

/**
 * Estimates item frequencies from the stream itself: B <- (1 - rate) B + rate (step - A), A <- step, p = 1 / B.
 *
 * @throws {ConfigError} an option is out of range.
 *
 * Source: Yi et al. (RecSys 2019), section 4, algorithm 2; several hashes: algorithm 3.
 */
export function streamingFrequency(options: StreamingFrequencyOptions): StreamingFrequency {
  const { items, buckets = items, hashes = 1, rate = 0.01, initialGap = Math.max(items, 1) } = options;
  const wrong = (rule: string, got: number): never => {
    throw new ConfigError(`streamingFrequency: ${rule}, got ${got}`);
  };
  for (const [name, value] of Object.entries({ items, buckets, hashes }))
    if (!(Number.isInteger(value) && value >= 1)) wrong(`${name} must be a whole number >= 1`, value);
  if (!(rate > 0 && rate < 1)) wrong("rate must be in (0, 1)", rate);
  if (!(initialGap > 0 && Number.isFinite(initialGap))) wrong("initialGap must be a finite number > 0", initialGap);
  const tables = Array.from({ length: hashes }, (_, hash) => ({
    placeOf: options.buckets === undefined ? (item: number) => item : hashed(hash, buckets),
    gaps: new Float64Array(buckets).fill(initialGap),
    seen: new Float64Array(buckets),
  }));
  const gap = (item: number): number => Math.max(...tables.map(({ placeOf, gaps }) => gaps[placeOf(item)]!));
  return {
    observe: (step, batch) => {
      const distinct = new Set(batch);
      for (const { placeOf, gaps, seen } of tables)
        for (const item of distinct) {
          const place = placeOf(item);
          gaps[place] = (1 - rate) * gaps[place]! + rate * (step - seen[place]!);
          seen[place] = step;
        }
    },
    gap,
    logQ: (item) => -Math.log(Math.max(gap(item), 1)),
  };
}

function hashed(hash: number, buckets: number): (item: number) => number {
  const keys = roundKeys(0, "streaming-frequency", hash);
  return (item) => random24(keys, item % COUNTERS_PER_KEY) % buckets;
}
