import { DataError } from "../../errors.ts";
import type { SectionName } from "./manifest.ts";
import { readShards, type ScoreStore } from "./open-store.ts";
import type { ScoreColumns } from "./score-columns.ts";
import { textAt } from "./text-column.ts";

/** Lists of items with scores, in a fixed width. */
export interface GatheredLists {
  /** [lists] number of each list's owner: a user, or a row. */
  readonly owners: Int32Array;
  readonly width: number;
  /** [lists * width] numbers of items, -1 behind the end of a list. */
  readonly items: Int32Array;
  /** [lists * width] by head. */
  readonly scores: ReadonlyMap<string, Float32Array>;
  /** Lists whose owner the data do not have. */
  readonly unknownOwners: number;
  /** Items that the data do not have. */
  readonly unknownItems: number;
}

export interface GatherOptions {
  readonly heads: readonly string[];
  /** Items of a list that are kept, the first ones. */
  readonly most: number;
  readonly items: ReadonlyMap<string, number>;
  /** Number of the owner of scored pair i; -1 where the data do not have it. */
  readonly ownerOf: (columns: ScoreColumns, i: number) => number;
  readonly newFloats: (length: number) => Float32Array;
  readonly newInts: (length: number) => Int32Array;
}

/**
 * Gathers a section whose neighbouring pairs of one user and row are a list.
 *
 * @throws {DataError} a list comes twice, or its ranks are not 1, 2, 3 ...
 */
export async function gatherLists(
  store: ScoreStore,
  section: SectionName,
  options: GatherOptions,
): Promise<GatheredLists> {
  const { heads, most, items, ownerOf } = options;
  const gathered = new Map<number, { items: number[]; scores: number[][] }>();
  const unknown = { owners: 0, items: 0 };
  let [key, rank, owner] = ["", 0, -1];
  for await (const { path, columns } of readShards(store, section)) {
    for (let i = 0; i < columns.rows; i++) {
      const own = listKey(columns, i);
      rank = own === key ? rank + 1 : 1;
      if (columns.rank !== undefined && columns.rank[i] !== rank) throw wrongRank(path, columns, { i, rank });
      if (own !== key) {
        key = own;
        owner = ownerOf(columns, i);
        if (owner < 0) unknown.owners++;
        else if (gathered.has(owner)) throw repeatedList(path, columns, i);
        else gathered.set(owner, { items: [], scores: heads.map(() => []) });
      }
      if (owner < 0 || rank > most) continue;
      const item = items.get(textAt(columns.item!, i));
      if (item === undefined) {
        unknown.items++;
        continue;
      }
      const list = gathered.get(owner)!;
      list.items.push(item);
      for (const [h, head] of heads.entries()) list.scores[h]!.push(columns.scores[head]![i]!);
    }
  }
  return { ...pack(gathered, options), unknownOwners: unknown.owners, unknownItems: unknown.items };
}

function pack(
  gathered: ReadonlyMap<number, { readonly items: readonly number[]; readonly scores: readonly (readonly number[])[] }>,
  { heads, newFloats, newInts }: GatherOptions,
): Omit<GatheredLists, "unknownOwners" | "unknownItems"> {
  const lists = [...gathered.values()];
  const width = lists.reduce((most, { items }) => Math.max(most, items.length), 0);
  const items = newInts(lists.length * width).fill(-1);
  const scores = heads.map((head) => [head, newFloats(lists.length * width)] as const);
  for (const [list, own] of lists.entries()) {
    items.set(own.items, list * width);
    for (const [h, [, values]] of scores.entries()) values.set(own.scores[h]!, list * width);
  }
  return { owners: Int32Array.from(gathered.keys()), width, items, scores: new Map(scores) };
}

function listKey({ row, request, user }: ScoreColumns, i: number): string {
  return `${row?.[i] ?? ""} ${request ? textAt(request, i) : ""} ${user ? textAt(user, i) : ""}`;
}

function wrongRank(
  path: string,
  columns: ScoreColumns,
  { i, rank }: { readonly i: number; readonly rank: number },
): DataError {
  const who = columns.user ? `user ${JSON.stringify(textAt(columns.user, i))}` : `row ${columns.row![i]}`;
  return new DataError(
    `${path}: ranks of a list must be 1, 2, 3 ... without gaps, got ${columns.rank![i]} where ${rank} must stand for ${who}`,
  );
}

function repeatedList(path: string, columns: ScoreColumns, i: number): DataError {
  const who = columns.user ? `user ${JSON.stringify(textAt(columns.user, i))}` : `row ${columns.row![i]}`;
  return new DataError(`${path}: keys must differ, got two lists for ${who}`);
}
