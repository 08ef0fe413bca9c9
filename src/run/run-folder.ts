import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { removeTemporaryFiles } from "../files/atomic-write.ts";
import { type FileLayer, nodeFiles } from "../files/file-layer.ts";
import { tryLock } from "../files/file-lock.ts";
import { filesWithin } from "../files/files-within.ts";
import { firstDifference, readJson, writeJson } from "../files/json-file.ts";

/** Version of the run folder's layout; written into it and checked when it is opened. */
export const RUN_FORMAT = 1;

/** Paths inside a run folder. */
export interface RunFolder {
  readonly path: string;
  readonly config: string;
  readonly environment: string;
  readonly encoding: string;
  readonly dataReport: string;
  /** Pair features, fitted on the training rows, and their sums; only where there are some. */
  readonly pairs: string;
  readonly pairSums: string;
  /** Which rows the run trains on: what a store of its scores must not hold. */
  readonly trained: string;
  /** What the join with a score store found. */
  readonly scores: string;
  readonly metrics: string;
  readonly events: string;
  readonly checkpoints: string;
  readonly evaluations: string;
  /** Test metrics of each user, as Parquet. */
  readonly testUsers: string;
  /** Test metrics of each slice; only of runs with some. */
  readonly testSlices: string;
  readonly files: FileLayer;
}

export interface OpenRunOptions {
  /** The resolved configuration, as plain JSON. */
  readonly config: unknown;
  readonly environment: unknown;
  /** Goes on with the run that the folder holds. */
  readonly resume: boolean;
  readonly files?: FileLayer;
}

/** Paths of the run folder at `path`; touches nothing. */
export function runFolder(path: string, files: FileLayer = nodeFiles): RunFolder {
  return {
    path,
    config: join(path, "config.resolved.json"),
    environment: join(path, "env.json"),
    encoding: join(path, "encoding.json"),
    dataReport: join(path, "data.json"),
    pairs: join(path, "pairs.json"),
    pairSums: join(path, "pairs.safetensors"),
    trained: join(path, "trained.json"),
    scores: join(path, "scores.json"),
    metrics: join(path, "metrics.jsonl"),
    events: join(path, "tb"),
    checkpoints: join(path, "checkpoints"),
    evaluations: join(path, "eval"),
    testSlices: join(path, "eval", "test-slices.json"),
    testUsers: join(path, "eval", "test-users.parquet"),
    files: filesWithin(path, files),
  };
}

/**
 * Makes the folder of a new run, or opens that of a run to go on with, and holds its lock.
 *
 * @returns the folder and the function that gives the lock back.
 * @throws {ConfigError} the folder holds another run, or something else; it is in use; or there is nothing to resume.
 */
export async function openRunFolder(
  path: string,
  { config, environment, resume, files: layer }: OpenRunOptions,
): Promise<{ readonly folder: RunFolder; readonly release: () => Promise<void> }> {
  const folder = runFolder(path, layer);
  const { files } = folder;
  await files.makeFolder(path);
  const release = await lockRun(path);
  try {
    const names = (await files.list(path)).filter((name) => name !== LOCK);
    const started = names.includes("config.resolved.json");
    if (names.length > 0 && !resume) {
      const what = started
        ? "a run; add --resume to go on with it, or name another folder"
        : `${names.length} files; name a new or empty folder`;
      throw new ConfigError(`--out ${path}: folder must be new, got one that holds ${what}`);
    }
    if (resume && started) await assertSameConfig(folder, config);
    else await writeStart(folder, config, environment);
    if (resume) await removeLeftovers(folder);
    return { folder, release };
  } catch (error) {
    await release();
    throw error;
  }
}

const LOCK = "run.lock";

async function lockRun(path: string): Promise<() => Promise<void>> {
  const lock = await tryLock(join(path, LOCK));
  if ("release" in lock) return lock.release;
  const { pid, host } = lock.holder;
  throw new ConfigError(`--out ${path}: folder must be free, got one that process ${pid} on ${host} writes to`);
}

async function writeStart(folder: RunFolder, config: unknown, environment: unknown): Promise<void> {
  const { files } = folder;
  for (const path of [folder.checkpoints, folder.evaluations]) await files.makeFolder(path);
  await writeJson(folder.environment, environment, files);
  await writeJson(folder.config, { format: RUN_FORMAT, config }, files);
}

/** Removes what a killed process was writing. */
async function removeLeftovers({ path, checkpoints, evaluations, files }: RunFolder): Promise<void> {
  const places = [path, evaluations, join(path, "lists"), join(path, "rankings"), checkpoints];
  for (const place of places) if (await files.exists(place)) await removeTemporaryFiles(place, { files });
  for (const name of (await files.exists(checkpoints)) ? await files.list(checkpoints) : [])
    if (name.startsWith("step-")) await removeTemporaryFiles(join(checkpoints, name), { files });
}

/** Takes back what was written of a run that could not begin: the folder is as new again. */
export async function removeStart(folder: RunFolder): Promise<void> {
  const { config, environment, encoding, dataReport, pairs, pairSums, trained, scores, checkpoints, evaluations } =
    folder;
  const written = [
    config,
    environment,
    encoding,
    dataReport,
    pairs,
    pairSums,
    trained,
    scores,
    checkpoints,
    evaluations,
  ];
  for (const path of written) await folder.files.remove(path);
}

/** @throws {ConfigError} the folder's configuration has another format, or differs in a setting (named). */
async function assertSameConfig(folder: RunFolder, config: unknown): Promise<void> {
  const stored = await readRunJson(folder.config, folder.files);
  const difference = firstDifference(stored, JSON.parse(JSON.stringify(config)));
  if (difference === undefined) return;
  const { path, before, now } = difference;
  throw new ConfigError(
    `--resume ${folder.path}: configuration must be the run's own, got ${path} = ${JSON.stringify(now)} where the run has ${JSON.stringify(before)}`,
  );
}

/**
 * The configuration that a run folder holds.
 *
 * @throws {ConfigError} no run folder, or one of another format.
 */
export async function readRunJson(path: string, files: FileLayer = nodeFiles): Promise<unknown> {
  const stored = (await readJson(path, files)) as { readonly format?: unknown; readonly config?: unknown } | null;
  if (stored?.format !== RUN_FORMAT) {
    throw new ConfigError(
      `${path}: run folder must have format ${RUN_FORMAT}, got ${String(stored?.format)}; use the version of twinstill that wrote it`,
    );
  }
  return stored.config;
}

/** Where an ablation's folder has its results. */
export const ABLATION_RESULTS = "results.json";
const NO_CONFIG = "no config.resolved.json in it";

/** What a run folder of any kind was asked for. */
export interface StoredJob {
  /** A teacher, a student or both; or the stages of a cascade. */
  readonly kind: "models" | "cascade";
  /** Folder that its data paths are relative to. */
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * What a run of any kind was asked for.
 *
 * @throws {ConfigError} no run folder, or one of another format.
 */
export async function readStoredJob({ path, config, files }: RunFolder): Promise<StoredJob> {
  if (!(await files.exists(config))) {
    const runs = join(path, "runs");
    const isFinished = await files.exists(join(path, ABLATION_RESULTS));
    const isAblation = isFinished || (await files.exists(runs));
    const got = isAblation ? `${isFinished ? "an" : "an unfinished"} ablation; name runs in ${runs}` : NO_CONFIG;
    throw new ConfigError(`${path}: folder must hold a run, got ${got}`);
  }
  const stored = (await readRunJson(config, files)) as Readonly<Record<string, unknown>> | null;
  const { folder, run, cascade } = stored ?? {};
  const kind = run === undefined ? "cascade" : "models";
  const own = run ?? cascade;
  if (typeof folder !== "string" || typeof own !== "object" || own === null)
    throw new ConfigError(
      `${path}: folder must hold a run of a teacher or a student or that of a cascade, got another kind of run`,
    );
  return { kind, folder, config: own as StoredJob["config"] };
}

/** What the folder of a run of models (not of a cascade) was asked for. */
export interface StoredRun {
  /** Folder that its data paths are relative to. */
  readonly folder: string;
  readonly run: unknown;
}

/**
 * What a run of a teacher, a student or both was asked for.
 *
 * @throws {ConfigError} no run folder, one of another format, or one of a cascade.
 */
export async function readStoredRun(folder: RunFolder): Promise<StoredRun> {
  const { kind, folder: base, config } = await readStoredJob(folder);
  if (kind === "models") return { folder: base, run: config };
  throw new ConfigError(`${folder.path}: folder must hold a run of a teacher or a student, got that of a cascade`);
}
