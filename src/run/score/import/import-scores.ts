import { resolve } from "node:path";
import {
  type SectionName,
  STORE_FORMAT,
  type StoreHeader,
  type StoreManifest,
} from "../../../distill/scores/manifest.ts";
import { openStoreWriter } from "../../../distill/scores/store-writer.ts";
import { ConfigError } from "../../../errors.ts";
import type { FileLayer } from "../../../files/file-layer.ts";
import type { ResolvedConfig } from "../../config/run-config.ts";
import { schemaOf } from "../scoring-data.ts";
import { readJsonLines } from "./flag-embedding.ts";
import { type ImportedScores, takePairs } from "./imported-scores.ts";
import { type Holds, storedValue } from "./stored-value.ts";
import { readDataColumn, readPairTable } from "./table-scores.ts";

/** Where scores of another ranker are. */
export type ImportSource =
  /** A column of the data's own files: one score a row. */
  | { readonly kind: "data-column"; readonly column: string }
  /** A table with a user, an item and a score or rank in each row. */
  | {
      readonly kind: "table";
      readonly file: string;
      readonly column: string;
      readonly user?: string | undefined;
      readonly item?: string | undefined;
    }
  /** Lines of `{ query, pos, neg, pos_scores, neg_scores }`: the query is the user. */
  | { readonly kind: "flag-embedding"; readonly file: string };

export interface ImportOptions {
  /** Says what users and items are, and which files the data are. */
  readonly resolved: ResolvedConfig;
  readonly source: ImportSource;
  readonly holds: Holds;
  /** Name of the scores in the store. */
  readonly head: string;
  /** Name of the ranker, for messages. */
  readonly ranker: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly files?: FileLayer;
}

/** Scored pairs of a shard. */
const SHARD = 65_536;

/**
 * Makes a score store of scores that another ranker gave. It has no teacher to check it against; that its rows are new
 * to the ranker is the caller's word.
 *
 * Ranks are stored as scores that fall with them (-1, -2 ...), which losses by order read alike.
 *
 * @throws {DataError} a file or a value breaks its contract: nothing is written. @throws {ConfigError} the folder is taken.
 */
export async function importScores(options: ImportOptions): Promise<StoreManifest> {
  const { resolved, head, ranker, out, holds, resume = false, files } = options;
  const scores = await readScores(options);
  // An empty store would be whole.
  if (scores.sections.every(({ pairs }) => pairs.rows === 0))
    throw new ConfigError(`twinstill import: source must hold a score, got none in ${scores.of} rows`);
  const header: StoreHeader = {
    format: STORE_FORMAT,
    teacher: { kind: "imported", name: ranker },
    schema: { ...schemaOf(resolved.config.data.columns), columns: {} },
    source: { part: "all", files: scores.files.map(({ name, sha256, start }) => ({ name, sha256, start })) },
    heads: [head],
    values: holds === "ranks" ? "rank" : holds === "scores" ? "score" : "logit",
    dtype: "float32",
    compression: "none",
    sections: Object.fromEntries(scores.sections.map(({ section, keys }) => [section, { keys, options: { holds } }])),
    jobs: 1,
  };
  const writer = await openStoreWriter(resolve(out), header, { job: 1, resume, ...(files && { files }) });
  try {
    if (writer.whole !== undefined) return writer.whole;
    const shards: Partial<Record<SectionName, number>> = {};
    for (const { section, pairs } of scores.sections) {
      const count = Math.ceil(pairs.rows / SHARD);
      shards[section] = count;
      for (let shard = 0; shard < count; shard++) {
        const end = Math.min(pairs.rows, (shard + 1) * SHARD);
        if (writer.wants(section, shard))
          await writer.write(section, shard, takePairs(pairs, { from: shard * SHARD, to: end, head }));
      }
    }
    const scored = scores.sections.find(({ section }) => section === "rows")?.pairs.rows ?? 0;
    const manifest = await writer.finish({
      shards,
      fileRows: scores.files.map(({ rows }) => rows),
      coverage: { scored, of: scores.of },
      day: null,
    });
    return manifest!;
  } finally {
    await writer.close();
  }
}

function readScores({ resolved, source, holds }: ImportOptions): Promise<ImportedScores> {
  const toStored = storedValue(holds);
  switch (source.kind) {
    case "data-column":
      return readDataColumn(resolved, source.column, toStored);
    case "table":
      return readPairTable(resolved, source, { toStored, ranked: holds === "ranks" });
    case "flag-embedding":
      return readJsonLines(source.file, toStored);
  }
}
