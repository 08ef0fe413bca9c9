import type { Dataset } from "../../data/dataset.ts";
import { sharedFloat32, sharedInt32 } from "../../data/shared-array.ts";
import type { ListItems, StoredLists } from "../../data/stored-scores.ts";
import { type GatheredLists, type GatherOptions, gatherLists } from "../../distill/scores/gather-lists.ts";
import type { ScoreStore } from "../../distill/scores/open-store.ts";
import type { RowFinder } from "../../distill/scores/source-rows.ts";
import { textAt } from "../../distill/scores/text-column.ts";
import { DataError } from "../../errors.ts";
import type { ScoresConfig } from "../config/scores-config.ts";

/** What a join needs beside store and data. */
export interface JoinInput {
  readonly heads: readonly string[];
  readonly settings: ScoresConfig;
  /** Undefined where the store's files are not the data's. */
  readonly finder: RowFinder | undefined;
}

/** Lists of a store at the data's users. */
export interface JoinedLists {
  readonly lists: StoredLists;
  readonly unknownUsers: number;
  readonly unknownItems: number;
}

/** Unlabelled items beside each row. @throws {DataError} the store is of other files. */
export async function joinCandidates(
  store: ScoreStore,
  dataset: Dataset,
  { heads, finder }: Pick<JoinInput, "heads" | "finder">,
): Promise<ListItems> {
  if (finder === undefined)
    throw new DataError(
      `--scores ${store.folder.path}: negatives of kind stored must come from a store of the same files, got another`,
    );
  const found = await gatherLists(store, "candidates", {
    heads,
    most: Number.POSITIVE_INFINITY,
    items: numbersOf(dataset.items.ids),
    ownerOf: ({ row }, i) => finder(row![i]!),
    newFloats: sharedFloat32,
    newInts: sharedInt32,
  });
  return spread(found, dataset.rows, (owner) => owner);
}

/** Lists of items of each user; a list stands at the row that it was scored in, or at its user's first row. */
export async function joinLists(store: ScoreStore, dataset: Dataset, input: JoinInput): Promise<JoinedLists> {
  const { top, of = top, uniform } = input.settings.lists!;
  const rowOf = new Map<number, number>();
  const gather = (section: "top" | "uniform", most: number): Promise<GatheredLists> =>
    gatherLists(store, section, { ...userLists(dataset, input, rowOf), most });
  const best = top > 0 ? await gather("top", of) : undefined;
  const drawn = uniform > 0 ? await gather("uniform", Number.POSITIVE_INFINITY) : undefined;
  const { owners } = best ?? drawn!;
  for (const [row, user] of dataset.users.rowEntity.entries()) if (!rowOf.has(user)) rowOf.set(user, row);
  const placeOf = new Map(Array.from(owners, (user, i) => [user, i] as const));
  const place = (user: number): number => placeOf.get(user) ?? -1;
  const rows = sharedInt32(owners.length);
  for (const [i, user] of owners.entries()) rows[i] = rowOf.get(user)!;
  const lists = {
    rows,
    ...(best && { top: spread(best, owners.length, place) }),
    ...(drawn && { uniform: spread(drawn, owners.length, place) }),
  };
  return {
    lists,
    unknownUsers: Math.max(best?.unknownOwners ?? 0, drawn?.unknownOwners ?? 0),
    unknownItems: (best?.unknownItems ?? 0) + (drawn?.unknownItems ?? 0),
  };
}

/** How lists are gathered by user; notes in `rowOf` the row that each user's list was scored in. */
function userLists(
  dataset: Dataset,
  { heads, finder }: JoinInput,
  rowOf: Map<number, number>,
): Omit<GatherOptions, "most"> {
  const users = numbersOf(dataset.users.ids);
  return {
    heads,
    items: numbersOf(dataset.items.ids),
    ownerOf: ({ user, row }, i) => {
      const number = users.get(textAt(user!, i)) ?? -1;
      const found = row === undefined ? -1 : (finder?.(row[i]!) ?? -1);
      if (number >= 0 && found >= 0) rowOf.set(number, found);
      return number;
    },
    newFloats: sharedFloat32,
    newInts: sharedInt32,
  };
}

/** Gathered lists at the places of their owners; places without a list are empty. */
function spread(found: GatheredLists, places: number, placeOf: (owner: number) => number): ListItems {
  const { owners, width } = found;
  const items = sharedInt32(places * width).fill(-1);
  const scores = new Map([...found.scores.keys()].map((head) => [head, sharedFloat32(places * width)]));
  for (const [list, owner] of owners.entries()) {
    const place = placeOf(owner);
    if (place < 0) continue;
    const [from, to] = [list * width, (list + 1) * width];
    items.set(found.items.subarray(from, to), place * width);
    for (const [head, values] of scores) values.set(found.scores.get(head)!.subarray(from, to), place * width);
  }
  return { width, items, scores };
}

/** Numbers by id. */
export function numbersOf(ids: readonly string[]): ReadonlyMap<string, number> {
  return new Map(ids.map((id, number) => [id, number]));
}
