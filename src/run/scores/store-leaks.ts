import type { Dataset } from "../../data/dataset.ts";
import { groupItems, hasItem } from "../../data/interactions.ts";
import type { ListItems } from "../../data/stored-scores.ts";
import { findLeak } from "../../distill/scores/leaks.ts";
import type { ScoreStore } from "../../distill/scores/open-store.ts";
import type { DataError } from "../../errors.ts";
import type { RunConfig } from "../config/run-config.ts";
import { dayRange, rowsByFile } from "../trained-rows.ts";

/** What is wrong where the teacher has seen training rows. */
export async function leakOf(
  { manifest, folder }: ScoreStore,
  dataset: Dataset,
  config: RunConfig,
): Promise<DataError | undefined> {
  const { teacher } = manifest;
  if (teacher.kind === "imported") return undefined;
  const { train } = dataset.parts;
  return findLeak(teacher.trained, {
    files: await rowsByFile(dataset, train),
    days: dayRange(dataset, config, train),
    sameDays: config.scores!.sameDays,
    what: `--scores ${folder.path}`,
  });
}

/**
 * Items of lists are new to their users, or new to the teacher: a model that has seen the training rows may rank what
 * is in none of them.
 */
export async function assertNewItems(
  store: ScoreStore,
  dataset: Dataset,
  config: RunConfig,
  items: readonly OwnedItems[],
): Promise<void> {
  const { users, items: catalogue, parts } = dataset;
  const trained = groupItems(users.rowEntity, catalogue.rowEntity, { rows: parts.train, numUsers: users.size });
  const isKnown = ({ rows, lists }: OwnedItems): boolean =>
    lists.items.some(
      (item, i) => item >= 0 && hasItem(trained, users.rowEntity[rows[Math.floor(i / lists.width)]!]!, item),
    );
  if (!items.some(isKnown)) return;
  const leak = await leakOf(store, dataset, config);
  if (leak !== undefined) throw leak;
}

/** Lists, and the row that each one's user is that of. */
export interface OwnedItems {
  readonly rows: Int32Array;
  readonly lists: ListItems;
}
