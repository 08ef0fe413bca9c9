import { DataError } from "../../errors.ts";
import type { TextColumn } from "./text-column.ts";

/** What a store keeps of each scored pair beside the scores. */
export const KEY_COLUMNS = ["row", "request", "user", "item", "rank"] as const;
export type KeyColumn = (typeof KEY_COLUMNS)[number];

/** How scores are kept. */
export const DTYPES = ["float32", "float16"] as const;
export type ScoreDtype = (typeof DTYPES)[number];

/** Scored pairs, column by column: what one shard holds. */
export interface ScoreColumns {
  readonly rows: number;
  /** Row of the source that gave the pair its user and context. */
  readonly row?: Float64Array;
  readonly request?: TextColumn;
  readonly user?: TextColumn;
  readonly item?: TextColumn;
  /** Place in the teacher's list, from 1. */
  readonly rank?: Int32Array;
  /** [rows] by head. */
  readonly scores: Readonly<Record<string, Float32Array>>;
}

/** Smallest, mean and largest value, and the quantiles at QUANTILES. */
export interface HeadSummary {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly quantiles: readonly number[];
}

/** Shares at which quantiles are kept: 0, 1/100 ... 1. */
export const QUANTILES: readonly number[] = Array.from({ length: 101 }, (_, i) => i / 100);

/** Exact summary of one shard's head. @throws {DataError} a value is not finite; names the pair by `locate`. */
export function summarise(
  values: Float32Array,
  { head, locate }: { readonly head: string; readonly locate: (i: number) => string },
): HeadSummary {
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!))
      throw new DataError(`${locate(i)}: score "${head}" must be a finite number, got ${values[i]}`);
    sum += values[i]!;
  }
  const sorted = values.toSorted();
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)]!;
    return below + (place - Math.floor(place)) * (sorted[Math.ceil(place)]! - below);
  };
  return { min: sorted[0]!, mean: sum / values.length, max: sorted.at(-1)!, quantiles: QUANTILES.map(at) };
}

/**
 * Summary of several shards. Minimum, mean and maximum are exact, quantiles are to 1/100 of rank: each shard counts as
 * 101 values at its own quantiles.
 */
export function mergeSummaries(
  parts: readonly { readonly rows: number; readonly summary: HeadSummary }[],
): HeadSummary {
  const filled = parts.filter(({ rows }) => rows > 0);
  if (filled.length === 1) return filled[0]!.summary;
  const total = filled.reduce((sum, { rows }) => sum + rows, 0);
  const points = filled.flatMap(({ rows, summary: { quantiles } }) =>
    quantiles.map((value, i) => ({ value, mass: (rows * (i === 0 || i === 100 ? 0.5 : 1)) / 100 })),
  );
  points.sort((a, b) => a.value - b.value);
  let passed = 0;
  let next = 0;
  const quantiles = QUANTILES.map((share) => {
    while (next < points.length - 1 && passed + points[next]!.mass < share * total) passed += points[next++]!.mass;
    return points[next]!.value;
  });
  const min = Math.min(...filled.map(({ summary }) => summary.min));
  const max = Math.max(...filled.map(({ summary }) => summary.max));
  quantiles[0] = min;
  quantiles[100] = max;
  return {
    min,
    mean: filled.reduce((sum, { rows, summary }) => sum + (summary.mean * rows) / total, 0),
    max,
    quantiles,
  };
}
