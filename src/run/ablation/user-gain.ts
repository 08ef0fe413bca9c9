// U = users with a value in every compared run
import { bootstrapMean, type Direction } from "../../eval/index.ts";
import type { MeasuredRow } from "./measured-rows.ts";

/** A gain over the base with an interval over users. */
export interface UserGain {
  readonly users: number;
  readonly interval: readonly [low: number, high: number] | null;
}

export interface UserGainOptions {
  readonly direction: Direction;
  readonly resamples: number;
}

/** Seed of every bootstrap: the same table from the same runs. */
export const BOOTSTRAP_SEED = 1;

/**
 * Each user's values of rows, averaged over the seeds that all of them have, for the users that have one in all.
 *
 * @returns [U] by row; undefined where a row has no values by user.
 */
export function commonUsers(rows: readonly MeasuredRow[], metric: string): readonly Float64Array[] | undefined {
  const seeds = rows[0]!.seeds
    .map(({ seed }) => seed)
    .filter((seed) => rows.every((row) => valuesOf(row, seed, metric) !== undefined));
  if (seeds.length === 0) return undefined;
  const maps = rows.map((row) => seeds.map((seed) => valuesOf(row, seed, metric)!));
  const users = [...maps[0]![0]!.keys()].filter((user) => maps.every((own) => own.every((values) => values.has(user))));
  if (users.length === 0) return undefined;
  return maps.map((own) =>
    Float64Array.from(users, (user) => own.reduce((sum, values) => sum + values.get(user)!, 0) / own.length),
  );
}

function valuesOf({ seeds }: MeasuredRow, seed: number, metric: string) {
  return seeds.find((own) => own.seed === seed)?.users.get(metric);
}

/** Paired bootstrap over users of a row's gain over the base; undefined where the metric is no mean over users. */
export function userGain(
  row: MeasuredRow,
  base: MeasuredRow,
  metric: string,
  { direction, resamples }: UserGainOptions,
): UserGain | undefined {
  const values = commonUsers([row, base], metric);
  if (values === undefined || direction === "near-one") return undefined;
  const sign = direction === "max" ? 1 : -1;
  const [own, other] = values as [Float64Array, Float64Array];
  const gains = own.map((value, user) => sign * (value - other[user]!));
  const { interval } = bootstrapMean(gains, { seed: BOOTSTRAP_SEED, resamples });
  return { users: gains.length, interval };
}
