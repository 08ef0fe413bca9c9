import type { Dataset } from "../../data/dataset.ts";
import type { SectionName, StoreHeader } from "../../distill/scores/manifest.ts";
import type { ScoreColumns } from "../../distill/scores/score-columns.ts";
import type { ScoreConfig } from "../config/score-config.ts";
import type { Scorer } from "./score-heads.ts";

export interface ScoringWork {
  readonly dataset: Dataset;
  readonly config: ScoreConfig;
  readonly scorer: Scorer;
  /** [rows] of the part that is scored. */
  readonly rows: Int32Array;
  readonly seed: number;
}

/** One shard to make: its columns, for each section that it gives. */
export interface ShardWork {
  readonly shard: number;
  readonly sections: readonly SectionName[];
  readonly make: (wanted: ReadonlySet<SectionName>) => Partial<Record<SectionName, ScoreColumns>>;
}

/** The sections that a configuration asks for, with their keys and options, as the store's header names them. */
export function sectionPlans(config: ScoreConfig, seed: number): StoreHeader["sections"] {
  const { rowsPerShard, rows, candidates, top, uniform, users, exclude } = config;
  const lists = { users, exclude, listsPerShard: listsPerShard(config) };
  return {
    ...(rows && { rows: { keys: ["row", "user", "item"], options: { rowsPerShard } } }),
    ...(candidates && {
      candidates: {
        keys: ["row", "user", "item"],
        options: { rowsPerShard, seed, exclude, ...withoutUndefined(candidates) },
      },
    }),
    ...(top && { top: { keys: ["row", "user", "item", "rank"], options: { ...lists, ...withoutUndefined(top) } } }),
    ...(uniform && { uniform: { keys: ["row", "user", "item"], options: { ...lists, seed, ...uniform } } }),
  };
}

function withoutUndefined(
  options: Readonly<Record<string, string | number | undefined>>,
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(options).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}

/** Users in a shard of lists. */
export function listsPerShard({ rowsPerShard, top, uniform }: ScoreConfig): number {
  return Math.max(1, Math.floor(rowsPerShard / Math.max(top?.k ?? 1, uniform?.count ?? 1)));
}
