import { type Direction, shareOfGain } from "../../eval/index.ts";
import type { MeasuredRow } from "./measured-rows.ts";
import { BOOTSTRAP_SEED, commonUsers } from "./user-gain.ts";

/** Share of the teacher's gain over the student alone that a row has kept. */
export type KeptGain =
  | {
      readonly kind: "share";
      readonly share: number;
      readonly interval: readonly [low: number, high: number] | null;
      /** What was drawn for the interval: users, or seeds where the metric is no mean over users. */
      readonly over: "users" | "seeds";
    }
  | { readonly kind: "undefined"; readonly reason: string };

/** The rows that a share is made of. */
export interface GainRows {
  readonly alone: MeasuredRow;
  readonly teacher: MeasuredRow;
}

/** The share of one metric; undefined where it has none: a metric of the teacher, or a ratio that should be 1. */
export function keptGain(
  distilled: MeasuredRow,
  { alone, teacher }: GainRows,
  metric: string,
  { direction, resamples }: { readonly direction: Direction; readonly resamples: number },
): KeptGain | undefined {
  if (direction === "near-one" || metric.startsWith("teacher/")) return undefined;
  const rows = [alone, distilled, teacher];
  const byUser = commonUsers(rows, metric);
  const values = byUser ?? bySeed(rows, metric);
  if (values === undefined) return undefined;
  const [ofAlone, ofDistilled, ofTeacher] = values as [Float64Array, Float64Array, Float64Array];
  const found = shareOfGain(
    { alone: ofAlone, distilled: ofDistilled, teacher: ofTeacher },
    { direction, seed: BOOTSTRAP_SEED, resamples },
  );
  if (found.kind === "undefined") return found;
  const over = byUser === undefined ? "seeds" : "users";
  // One seed drawn again and again shows nothing.
  const interval = over === "seeds" && ofAlone.length < 2 ? null : found.interval;
  return { kind: "share", share: found.share, interval, over };
}

/** [seeds] by row, of the seeds in which all have a value. */
function bySeed(rows: readonly MeasuredRow[], metric: string): readonly Float64Array[] | undefined {
  const valueIn = (row: MeasuredRow, seed: number): number | null =>
    row.seeds.find((own) => own.seed === seed)?.metric(metric) ?? null;
  const seeds = rows[0]!.seeds
    .map(({ seed }) => seed)
    .filter((seed) => rows.every((row) => valueIn(row, seed) !== null));
  return seeds.length === 0 ? undefined : rows.map((row) => Float64Array.from(seeds, (seed) => valueIn(row, seed)!));
}
