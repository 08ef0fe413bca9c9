import { resolve } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import { loadHash } from "../../data/fingerprint.ts";
import { hashFile } from "../../data/hash-files.ts";
import { sharedFloat32, sharedInt32 } from "../../data/shared-array.ts";
import type { ListItems, StoredLists, StoredScores } from "../../data/stored-scores.ts";
import { assertStoreFits } from "../../distill/scores/fit.ts";
import { type GatheredLists, gatherLists } from "../../distill/scores/gather-lists.ts";
import { type JoinedRows, joinByPair, joinByRow } from "../../distill/scores/join-rows.ts";
import { assertUnseen } from "../../distill/scores/leaks.ts";
import type { TeacherIdentity } from "../../distill/scores/manifest.ts";
import { openStore, type ScoreStore } from "../../distill/scores/open-store.ts";
import { pairIndex } from "../../distill/scores/pair-index.ts";
import { type RowFinder, rowFinder } from "../../distill/scores/source-rows.ts";
import { textAt } from "../../distill/scores/text-column.ts";
import { DataError } from "../../errors.ts";
import type { ResolvedConfig, RunConfig } from "../config/run-config.ts";
import type { ScoresConfig } from "../config/scores-config.ts";
import { assertSameSchema, schemaOf } from "../score/scoring-data.ts";
import { dayRange, rowsByFile } from "../trained-rows.ts";

/** What a join found: for the log and the run folder. Plain JSON. */
export interface ScoresReport {
  readonly store: string;
  readonly teacher: TeacherIdentity;
  /** Training rows before the join, those with a score, and what became of the others. */
  readonly rows: {
    readonly total: number;
    readonly scored: number;
    readonly dropped: number;
    readonly hardLabelOnly: number;
  } | null;
  readonly repeated: number;
  readonly lists: { readonly count: number; readonly unknownUsers: number; readonly unknownItems: number } | null;
}

/**
 * Joins the store that a configuration names to its data.
 *
 * @returns the data with the scores, without the training rows that were dropped.
 * @throws {DataError} the store is broken or does not fit, the teacher has seen a training row, or a row has no score
 *   where that is an error.
 */
export async function loadScores(
  { config, folder }: Pick<ResolvedConfig, "config" | "folder">,
  dataset: Dataset,
): Promise<{ readonly dataset: Dataset; readonly report: ScoresReport }> {
  const settings = config.scores!;
  const store = await openStore(resolve(folder, settings.store));
  const heads = [...new Set(config.distill.map(({ head }) => head))];
  await assertFits(store, dataset, config, heads);
  const usesRows = config.distill.some(({ space }) => space === "rows");
  const finder = store.manifest.source.files.length > 0 ? await finderFor(store, dataset, settings) : undefined;
  const rows = usesRows ? await joinRows(store, dataset, { heads, settings, finder }) : undefined;
  const candidates =
    config.negatives?.kind === "stored" ? await joinCandidates(store, dataset, { heads, finder }) : undefined;
  const lists = settings.lists ? await joinLists(store, dataset, { heads, settings, finder }) : undefined;
  const stored: StoredScores = {
    heads,
    ...(rows && { rows: { scores: rows.scores, mask: rows.mask } }),
    ...(candidates && { candidates }),
    ...(lists && { lists: lists.lists }),
  };
  const kept = rows === undefined ? dataset.parts.train : keepRows(store, dataset, settings, rows);
  const hash = await loadHash();
  const identity = `${dataset.fingerprint} ${await hashFile(store.folder.manifest)}`;
  const joined: Dataset = {
    ...dataset,
    stored,
    parts: { ...dataset.parts, train: kept },
    fingerprint: hash.h64(identity).toString(16).padStart(16, "0"),
  };
  return { dataset: joined, report: reportOf(store, dataset, { settings, rows, kept, lists }) };
}

async function assertFits(
  store: ScoreStore,
  dataset: Dataset,
  config: RunConfig,
  heads: readonly string[],
): Promise<void> {
  const { manifest } = store;
  const settings = config.scores!;
  const what = `--scores ${store.folder.path}`;
  assertSameSchema(what, schemaOf(config.data.columns), manifest.schema);
  const days = dayRange(dataset, config, dataset.parts.train);
  const usesRows = config.distill.some(({ space }) => space === "rows");
  assertStoreFits(store, { heads, weights: settings.teacher, day: usesRows && settings.join === "row" ? days : null });
  if (manifest.teacher.kind === "imported") return;
  const { sameDays } = settings;
  assertUnseen(manifest.teacher.trained, {
    files: await rowsByFile(dataset, dataset.parts.train),
    days,
    sameDays,
    what,
  });
}

interface JoinInput {
  readonly heads: readonly string[];
  readonly settings: ScoresConfig;
  readonly finder: RowFinder | undefined;
}

/** Undefined where the store's files are not the data's, and the join does not need them. */
async function finderFor(store: ScoreStore, dataset: Dataset, { join }: ScoresConfig): Promise<RowFinder | undefined> {
  const files = dataset.source.files.map(async ({ path, name, start }) => ({
    name,
    start,
    sha256: await hashFile(path),
  }));
  const source = { files: await Promise.all(files), rows: dataset.source.rows };
  const common = source.files.some(({ sha256 }) => store.manifest.source.files.some((file) => file.sha256 === sha256));
  return common || join === "row" ? rowFinder(store.manifest, source) : undefined;
}

function joinRows(store: ScoreStore, dataset: Dataset, { heads, settings, finder }: JoinInput): Promise<JoinedRows> {
  const target = { heads, rows: dataset.rows, newArray: sharedFloat32, duplicates: settings.duplicates };
  if (settings.join === "row") {
    if (finder === undefined)
      throw new DataError(
        `--scores ${store.folder.path}: store must know the rows of its files for join: row, got none; set scores.join: user-item`,
      );
    return joinByRow(store, finder, target);
  }
  const { users, items, parts } = dataset;
  const index = pairIndex(users.rowEntity, items.rowEntity, parts.train);
  return joinByPair(
    store,
    { users: numbersOf(users.ids), items: numbersOf(items.ids), index, rows: parts.train },
    target,
  );
}

async function joinCandidates(
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

async function joinLists(
  store: ScoreStore,
  dataset: Dataset,
  { heads, settings, finder }: JoinInput,
): Promise<{ readonly lists: StoredLists; readonly gathered: readonly GatheredLists[] }> {
  const { top, of = top, uniform } = settings.lists!;
  const users = numbersOf(dataset.users.ids);
  const rowOf = new Map<number, number>();
  const options = {
    heads,
    items: numbersOf(dataset.items.ids),
    ownerOf: (columns: Parameters<Parameters<typeof gatherLists>[2]["ownerOf"]>[0], i: number): number => {
      const user = users.get(textAt(columns.user!, i)) ?? -1;
      const row = columns.row === undefined ? -1 : (finder?.(columns.row[i]!) ?? -1);
      if (user >= 0 && row >= 0) rowOf.set(user, row);
      return user;
    },
    newFloats: sharedFloat32,
    newInts: sharedInt32,
  };
  const best = top > 0 ? await gatherLists(store, "top", { ...options, most: of }) : undefined;
  const drawn =
    uniform > 0 ? await gatherLists(store, "uniform", { ...options, most: Number.POSITIVE_INFINITY }) : undefined;
  const owners = (best ?? drawn!).owners;
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
  return { lists, gathered: [best, drawn].filter((found) => found !== undefined) };
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

/** The training rows that stay. */
function keepRows(
  { folder }: ScoreStore,
  dataset: Dataset,
  { missing, join }: ScoresConfig,
  { mask }: JoinedRows,
): Int32Array {
  const { train } = dataset.parts;
  const without = train.filter((row) => mask[row] === 0);
  if (without.length === 0 || missing === "hard-label-only") return train;
  if (missing === "error" || without.length === train.length) {
    const cure = "score them, or set scores.missing: drop or hard-label-only";
    throw new DataError(
      `--scores ${folder.path}: every training row must have a score (join: ${join}), got none for ${without.length} of ${train.length}; ${cure}`,
    );
  }
  const kept = sharedInt32(train.length - without.length);
  kept.set(train.filter((row) => mask[row] === 1));
  return kept;
}

interface ReportInput {
  readonly settings: ScoresConfig;
  readonly rows: JoinedRows | undefined;
  readonly kept: Int32Array;
  readonly lists: Awaited<ReturnType<typeof joinLists>> | undefined;
}

function reportOf(
  { folder, manifest }: ScoreStore,
  dataset: Dataset,
  { settings, rows, kept, lists }: ReportInput,
): ScoresReport {
  const { train } = dataset.parts;
  const scored = rows === undefined ? 0 : train.filter((row) => rows.mask[row] === 1).length;
  const hardLabelOnly = settings.missing === "hard-label-only" ? train.length - scored : 0;
  return {
    store: folder.path,
    teacher: manifest.teacher,
    rows:
      rows === undefined ? null : { total: train.length, scored, dropped: train.length - kept.length, hardLabelOnly },
    repeated: rows?.repeated ?? 0,
    lists:
      lists === undefined
        ? null
        : {
            count: lists.lists.rows.length,
            unknownUsers: Math.max(...lists.gathered.map(({ unknownOwners }) => unknownOwners)),
            unknownItems: lists.gathered.reduce((sum, { unknownItems }) => sum + unknownItems, 0),
          },
  };
}

function numbersOf(ids: readonly string[]): ReadonlyMap<string, number> {
  return new Map(ids.map((id, number) => [id, number]));
}
