import type { Dataset } from "../../data/dataset.ts";
import { groupItems, type Interactions } from "../../data/interactions.ts";
import type { ScoreConfig } from "../config/score-config.ts";

/** Items of each user that no list may hold. */
export type ExcludedItems = Interactions;

/** The items that `score.exclude` names. */
export function excludedItems(dataset: Dataset, exclude: ScoreConfig["exclude"]): ExcludedItems {
  if (exclude === "known") return dataset.trainItems;
  const rows = exclude === "history" ? (dataset.parts.history ?? new Int32Array(0)) : new Int32Array(0);
  return groupItems(dataset.users.rowEntity, dataset.items.rowEntity, { rows, numUsers: dataset.users.size });
}

/**
 * One row for each user that gets a list: its first row of the part, else its last row of history.
 *
 * @returns rows of the dataset, by user number.
 */
export function listRows(dataset: Dataset, part: Int32Array, users: ScoreConfig["users"]): Int32Array {
  const rowOf = new Map<number, number>();
  if (users === "known") for (const row of dataset.parts.history ?? []) rowOf.set(dataset.users.rowEntity[row]!, row);
  const seen = new Set<number>();
  for (const row of part) {
    const user = dataset.users.rowEntity[row]!;
    if (!seen.has(user)) rowOf.set(user, row);
    seen.add(user);
  }
  return Int32Array.from(
    [...rowOf.keys()].sort((a, b) => a - b),
    (user) => rowOf.get(user)!,
  );
}
