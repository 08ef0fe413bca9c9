import type { Optimiser } from "../engine/optimisers/index.ts";
import type { Rates } from "../engine/program.ts";
import type { RunConfig } from "./config/run-config.ts";
import type { OptimiserConfig } from "./config/train-config.ts";

const GROUPS = ["teacher", "student"] as const;

/** Optimiser of each model's group. */
export function optimisersOf(config: RunConfig): Readonly<Record<string, Optimiser>> {
  return fromGroups(config, optimiserOf);
}

/** The optimiser that a configuration's block describes. */
export function optimiserOf({ dense, table, clipNorm, l2 }: OptimiserConfig): Optimiser {
  return { dense, table, l2, ...(clipNorm !== undefined && { clipNorm }) };
}

/** Learning rates of each model's group. */
export function ratesOf(config: RunConfig): Readonly<Record<string, Rates>> {
  return fromGroups(config, ({ rate, tableRate }) => ({ dense: rate, table: tableRate ?? rate }));
}

function fromGroups<T>(
  config: RunConfig,
  map: (optimiser: NonNullable<RunConfig["train"]["teacher"]>) => T,
): Record<string, T> {
  return Object.fromEntries(
    GROUPS.flatMap((group) => {
      const optimiser = config.train[group];
      return optimiser === undefined ? [] : [[group, map(optimiser)] as const];
    }),
  );
}
