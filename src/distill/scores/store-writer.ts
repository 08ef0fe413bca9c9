import { join } from "node:path";
import { ConfigError, DataError } from "../../errors.ts";
import { removeTemporaryFiles, writeAtomically } from "../../files/atomic-write.ts";
import { type FileLayer, nodeFiles } from "../../files/file-layer.ts";
import { tryLock } from "../../files/file-lock.ts";
import { firstDifference, readJson, writeJson } from "../../files/json-file.ts";
import { encodeShard } from "./arrow-shard.ts";
import { assembleManifest, tidyWhole } from "./assemble-manifest.ts";
import {
  type JobReport,
  parseStoreFile,
  type SectionName,
  type ShardReceipt,
  type StoreHeader,
  type StoreManifest,
  shardReceipt,
  storeHeader,
  storeManifest,
} from "./manifest.ts";
import { type ScoreColumns, summarise } from "./score-columns.ts";
import {
  doneName,
  type JobNumber,
  lockName,
  type StoreFolder,
  sha256,
  shardName,
  shardOf,
  storeFolder,
} from "./store-folder.ts";
import { textAt } from "./text-column.ts";

/** Writes one job's share of a store. Must be closed: it holds the job's lock. */
export interface StoreWriter {
  /** The manifest, where the store was whole already when it was opened. */
  readonly whole: StoreManifest | undefined;
  /** True where the shard is this job's and not there yet. */
  readonly wants: (section: SectionName, shard: number) => boolean;
  /** @throws {DataError} a score is not finite or does not fit, or the disk refuses: then nothing is left of the shard. */
  readonly write: (section: SectionName, shard: number, columns: ScoreColumns) => Promise<ShardReceipt>;
  /** Ends the job. @returns the manifest, written now, where this was the last job; undefined while others are not done. */
  readonly finish: (report: JobReport) => Promise<StoreManifest | undefined>;
  readonly close: () => Promise<void>;
}

export interface WriterOptions {
  /** Which of `header.jobs` jobs this is, from 1. */
  readonly job: number;
  /** Goes on with what the folder holds. */
  readonly resume: boolean;
  readonly files?: FileLayer;
}

/**
 * Begins a store, or goes on with it. Every shard goes to a temporary name and is renamed, so that after a kill at most
 * the shard in progress is written again.
 *
 * @throws {ConfigError} the folder holds something else or another job, is in use, or holds a store and resume is not set.
 */
export async function openStoreWriter(path: string, header: StoreHeader, options: WriterOptions): Promise<StoreWriter> {
  const { resume } = options;
  const job: JobNumber = { index: options.job, count: header.jobs };
  if (!(Number.isInteger(job.index) && job.index >= 1 && job.index <= job.count))
    throw new ConfigError(`--shard: must be i/n with 1 <= i <= n, got ${job.index}/${job.count}`);
  const folder = storeFolder(path, options.files ?? nodeFiles);
  const { files } = folder;
  await files.makeFolder(path);
  const release = await lockJob(path, job);
  try {
    const whole = await beginOrGoOn(folder, header, { job, resume });
    const done = await doneShards(folder);
    const mine = (shard: number): boolean => shard % job.count === job.index - 1;
    return {
      whole,
      wants: (section, shard) => whole === undefined && mine(shard) && !done.has(shardName(section, shard)),
      write: (section, shard, columns) => writeShard(folder, header, { section, shard, columns }),
      finish: async (report) => {
        await writeJson(join(path, doneName(job)), report, files);
        return assembleManifest(folder, header);
      },
      close: async () => {
        try {
          if (whole === undefined) await removeStart(folder, job);
        } finally {
          await release();
        }
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

async function lockJob(path: string, job: JobNumber): Promise<() => Promise<void>> {
  const lock = await tryLock(join(path, lockName(job)));
  if ("release" in lock) return lock.release;
  const { pid, host } = lock.holder;
  throw new ConfigError(`--out ${path}: store must be free, got one that process ${pid} on ${host} writes to`);
}

/** Takes back what was written of a store that has no shard: the folder is as new again. */
async function removeStart({ path, files, job: file }: StoreFolder, job: JobNumber): Promise<void> {
  const names = (await files.list(path)).filter((name) => name !== lockName(job));
  if (names.length === 1 && names[0] === "job.json") await files.remove(file);
}

/** @returns the manifest where the store is whole. */
async function beginOrGoOn(
  folder: StoreFolder,
  header: StoreHeader,
  { job, resume }: { readonly job: JobNumber; readonly resume: boolean },
): Promise<StoreManifest | undefined> {
  const { files, path } = folder;
  const names = (await files.list(path)).filter((name) => !/^writer-\d+-of-\d+\.lock$/.test(name));
  const mine = (name: string): boolean => {
    const shard = shardOf(name)?.shard;
    return name === doneName(job) || (shard !== undefined && shard % job.count === job.index - 1);
  };
  if (names.includes("manifest.json")) {
    if (!resume) throw taken(path, "a score store");
    const whole = parseStoreFile(folder.manifest, storeManifest, await readJson(folder.manifest, files));
    assertSameJob(folder, storeHeader.parse(pickHeader(whole)), header);
    await tidyWhole(folder);
    return whole;
  }
  if (!names.includes("job.json")) {
    if (names.some((name) => !name.startsWith("."))) throw taken(path, `${names.length} files that are no score store`);
    await writeJson(folder.job, header, files);
  }
  const begun = parseStoreFile(folder.job, storeHeader, await readJson(folder.job, files));
  if (!resume && names.some((name) => mine(name) && !name.startsWith(".")))
    throw taken(path, "an unfinished score store");
  assertSameJob(folder, begun, header);
  if (job.count === 1) await removeTemporaryFiles(path, { files });
  for (const name of names) if (name.endsWith(".tmp") && mine(name)) await files.remove(join(path, name));
  return undefined;
}

function taken(path: string, what: string): ConfigError {
  return new ConfigError(
    `--out ${path}: folder must be new, got one that holds ${what}; add --resume to go on with a store, or name another folder`,
  );
}

function assertSameJob({ path }: StoreFolder, begun: StoreHeader, header: StoreHeader): void {
  const difference = firstDifference(begun, JSON.parse(JSON.stringify(header)));
  if (difference === undefined) return;
  const { before, now } = difference;
  throw new ConfigError(
    `--out ${path}: job must be the one that the store was begun with, got ${difference.path} = ${JSON.stringify(now)} where the store has ${JSON.stringify(before)}`,
  );
}

function pickHeader(manifest: StoreManifest): unknown {
  const fields = Object.keys(storeHeader.shape);
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => fields.includes(name)));
}

/** Names of the shards whose receipt and file are both there. */
async function doneShards({ files, path }: StoreFolder): Promise<ReadonlySet<string>> {
  const names = new Set(await files.list(path));
  const done = new Set<string>();
  for (const name of names) {
    const shard = name.replace(/\.json$/, "");
    if (!name.startsWith(".") && shardOf(name) !== undefined && name.endsWith(".json") && names.has(`${shard}.arrow`))
      done.add(shard);
  }
  return done;
}

async function writeShard(
  { path, files }: StoreFolder,
  header: StoreHeader,
  {
    section,
    shard,
    columns,
  }: { readonly section: SectionName; readonly shard: number; readonly columns: ScoreColumns },
): Promise<ShardReceipt> {
  const plan = header.sections[section];
  if (plan === undefined) throw new DataError(`score store: section must be one of the job's, got ${section}`);
  const name = shardName(section, shard);
  const locate = (i: number): string => `${name}: ${describePair(columns, i)}`;
  const heads = header.heads.map((head) => [head, summarise(columns.scores[head]!, { head, locate })] as const);
  const layout = { keys: plan.keys, heads: header.heads, dtype: header.dtype };
  const bytes = encodeShard(columns, layout, header.compression);
  await writeAtomically(join(path, `${name}.arrow`), (write) => write(bytes), { files });
  const receipt: ShardReceipt = {
    file: `${name}.arrow`,
    rows: columns.rows,
    bytes: bytes.byteLength,
    sha256: sha256(bytes),
    heads: Object.fromEntries(heads),
  };
  await writeJson(join(path, `${name}.json`), shardReceipt.parse(receipt), files);
  return receipt;
}

/** Names a pair for a message. */
function describePair({ row, user, item }: ScoreColumns, i: number): string {
  const parts = [
    ...(row ? [`row ${row[i]}`] : []),
    ...(user ? [`user ${JSON.stringify(textAt(user, i))}`] : []),
    ...(item ? [`item ${JSON.stringify(textAt(item, i))}`] : []),
  ];
  return parts.join(", ");
}
