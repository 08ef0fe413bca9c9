import { resolve } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import { loadHash } from "../../data/fingerprint.ts";
import { hashFile } from "../../data/hash-files.ts";
import { sharedFloat32, sharedInt32 } from "../../data/shared-array.ts";
import type { StoredScores } from "../../data/stored-scores.ts";
import { assertStoreFits } from "../../distill/scores/fit.ts";
import { type JoinedRows, joinByPair, joinByRow } from "../../distill/scores/join-rows.ts";
import type { TeacherIdentity } from "../../distill/scores/manifest.ts";
import { openStore, type ScoreStore } from "../../distill/scores/open-store.ts";
import { pairIndex } from "../../distill/scores/pair-index.ts";
import { type RowFinder, rowFinder } from "../../distill/scores/source-rows.ts";
import { DataError } from "../../errors.ts";
import { headsOf } from "../config/cross-check-sources.ts";
import type { ResolvedConfig, RunConfig } from "../config/run-config.ts";
import type { ScoresConfig } from "../config/scores-config.ts";
import { assertSameSchema, schemaOf } from "../score/scoring-data.ts";
import { dayRange } from "../trained-rows.ts";
import { type JoinedLists, type JoinInput, joinCandidates, joinLists, numbersOf } from "./join-lists.ts";
import { assertNewItems, leakOf } from "./store-leaks.ts";

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
  const heads = [...new Set(config.distill.flatMap(headsOf))];
  await assertFits(store, dataset, config, heads);
  const usesRows = config.distill.some((term) => headsOf(term).length > 0 && ["rows", "exposed"].includes(term.space));
  const finder = store.manifest.source.files.length > 0 ? await finderFor(store, dataset, settings) : undefined;
  const rows = usesRows ? await joinRows(store, dataset, { heads, settings, finder }) : undefined;
  const candidates =
    config.negatives?.some(({ kind }) => kind === "stored") === true
      ? await joinCandidates(store, dataset, { heads, finder })
      : undefined;
  const lists = settings.lists ? await joinLists(store, dataset, { heads, settings, finder }) : undefined;
  await assertNewItems(store, dataset, config, [
    ...(candidates ? [{ rows: Int32Array.from({ length: dataset.rows }, (_, row) => row), lists: candidates }] : []),
    ...[lists?.lists.top, lists?.lists.uniform].flatMap((own) =>
      own ? [{ rows: lists!.lists.rows, lists: own }] : [],
    ),
  ]);
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
  assertSameSchema(`--scores ${store.folder.path}`, schemaOf(config.data.columns), manifest.schema);
  const days = dayRange(dataset, config, dataset.parts.train);
  const usesRows = config.distill.some((term) => headsOf(term).length > 0 && ["rows", "exposed"].includes(term.space));
  assertStoreFits(store, { heads, weights: settings.teacher, day: usesRows && settings.join === "row" ? days : null });
  if (usesRows) {
    const leak = await leakOf(store, dataset, config);
    if (leak !== undefined) throw leak;
  }
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
  readonly lists: JoinedLists | undefined;
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
            unknownUsers: lists.unknownUsers,
            unknownItems: lists.unknownItems,
          },
  };
}
