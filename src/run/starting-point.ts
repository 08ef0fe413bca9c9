import { resolve } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { parseEncoding } from "../data/encoding.ts";
import { type OpenDatasetOptions, openDataset } from "../data/open-dataset.ts";
import { parseStoreFile, type TrainedRows, trainedRows as trainedSchema } from "../distill/scores/manifest.ts";
import type { Program } from "../engine/program.ts";
import { ConfigError, DataError } from "../errors.ts";
import { firstDifference, readJson } from "../files/json-file.ts";
import { findCheckpoint, loadCheckpoint, loadFirstValues } from "./checkpoint.ts";
import { type ResolvedConfig, type RunConfig, storedRunConfig } from "./config/run-config.ts";
import { rowGroupings } from "./config/slices-config.ts";
import { loadPairTables } from "./pair-files.ts";
import { readStoredRun, runFolder } from "./run-folder.ts";
import { loadScores, type ScoresReport } from "./scores/load-scores.ts";
import { trainedRows, unionTrained } from "./trained-rows.ts";

/** A configuration as it runs: the model of a frozen run stands in its teacher's place, without an optimiser. */
export async function effectiveConfig({
  config,
  folder,
}: Pick<ResolvedConfig, "config" | "folder">): Promise<RunConfig> {
  if (config.frozen === undefined) return config;
  const run = resolve(folder, config.frozen.run);
  const { teacher, student } = await storedConfig("frozen.run", run);
  if (config.frozen.model === "student") {
    if (student === undefined)
      throw new ConfigError(`frozen.run: run must have a student (frozen.model), got a teacher alone in ${run}`);
    return { ...config, frozenStudent: student };
  }
  if (teacher === undefined)
    throw new ConfigError(
      `frozen.run: run must have a teacher, got a student alone in ${run}; or set frozen.model: student`,
    );
  return { ...config, teacher };
}

/** Opens the data of a run: encoded as an earlier run's where the configuration says so, with the scores it names. */
export async function openRunData(
  { config, folder }: Pick<ResolvedConfig, "config" | "folder">,
  options: Partial<OpenDatasetOptions> = {},
): Promise<{ readonly dataset: Dataset; readonly scores: ScoresReport | undefined }> {
  const { data, ...start } = await startOf({ config, folder });
  const dataset = await openDataset(data, {
    baseDir: folder,
    ...start,
    groups: rowGroupings(config.evaluate.slices),
    ...options,
  });
  if (config.scores === undefined) return { dataset, scores: undefined };
  const joined = await loadScores({ config, folder }, dataset);
  return { dataset: joined.dataset, scores: joined.report };
}

/** The data as the run reads them, and what it takes over from an earlier run. */
async function startOf({
  config,
  folder,
}: Pick<ResolvedConfig, "config" | "folder">): Promise<
  Pick<RunConfig, "data"> & Pick<OpenDatasetOptions, "encoding" | "extendEncoding" | "pairs">
> {
  const { data, frozen, start } = config;
  const run = frozen?.run ?? start?.encoding;
  if (run === undefined) return { data };
  const earlier = runFolder(resolve(folder, run));
  const encoding = parseEncoding(await readJson(earlier.encoding));
  if (frozen === undefined) return { data, encoding, extendEncoding: start!.extend };
  const stored = (await storedConfig("frozen.run", resolve(folder, run))).data;
  const own = Object.keys(data.pairs).length > 0 ? data : { ...data, pairs: stored.pairs };
  // Of the very rows that they were fitted on, statistics are fitted again: they must leave out each row itself.
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  if (firstDifference(plain(stored), plain(own)) === undefined) return { data: own, encoding };
  return { data, encoding, pairs: await loadPairTables(earlier) };
}

/** Gives the program the weights that the configuration takes from earlier runs. */
export async function loadEarlierWeights(
  program: Program,
  { config, folder }: Pick<ResolvedConfig, "config" | "folder">,
): Promise<void> {
  if (config.start?.weights !== undefined) {
    const checkpoint = await bestCheckpoint("start.weights", resolve(folder, config.start.weights));
    await loadFirstValues(checkpoint, program);
  }
  if (config.start?.embeddings !== undefined) {
    const run = resolve(folder, config.start.embeddings);
    await loadTeacherEmbeddings(await bestCheckpoint("start.embeddings", run), program, run);
  }
  if (config.frozen !== undefined) {
    const { run, model } = config.frozen;
    const checkpoint = await bestCheckpoint("frozen.run", resolve(folder, run));
    await loadCheckpoint(runFolder(resolve(folder, run)), checkpoint, program, {
      what: "parameters",
      only: (name) => name.startsWith("teacher/"),
      ...(model === "student" && { storedAs: (name: string) => name.replace(/^teacher\//, "student/") }),
    });
  }
}

/** Warm start: the student's tables begin as the teacher's of the same features, where these have their width. */
async function loadTeacherEmbeddings(checkpoint: string, program: Program, run: string): Promise<void> {
  const table = /^student\/(user|item)\/embedding\//;
  const loaded = await loadFirstValues(checkpoint, program, {
    only: (name) => table.test(name),
    storedAs: (name) => name.replace(table, "teacher/embedding/"),
    misfit: "skip",
  });
  if (loaded === 0)
    throw new DataError(
      `start.embeddings: the teacher must have an embedding of a feature and width of the student's, got none in ${run}`,
    );
}

/** Rows that a run's models have seen: its own, and those of the models that they learn from or start as. */
export async function seenRows(
  dataset: Dataset,
  { config, folder }: Pick<ResolvedConfig, "config" | "folder">,
  scores: ScoresReport | undefined,
): Promise<TrainedRows> {
  let seen = await trainedRows(dataset, config);
  const runs = [config.start?.weights, config.start?.embeddings, config.frozen?.run].filter((run) => run !== undefined);
  for (const run of runs) {
    const path = runFolder(resolve(folder, run)).trained;
    seen = unionTrained(seen, parseStoreFile(path, trainedSchema, await readJson(path)));
  }
  return scores?.teacher.kind === "run" ? unionTrained(seen, scores.teacher.trained) : seen;
}

async function storedConfig(what: string, run: string): Promise<RunConfig> {
  const folder = runFolder(run);
  if (!(await folder.files.exists(folder.config)))
    throw new ConfigError(`${what}: folder must hold a run, got no config.resolved.json in ${run}`);
  return storedRunConfig(folder.config, (await readStoredRun(folder)).run);
}

async function bestCheckpoint(what: string, run: string): Promise<string> {
  const folder = runFolder(run);
  const found = (await findCheckpoint(folder, "best")) ?? (await findCheckpoint(folder, "latest"));
  if (found !== undefined) return found;
  throw new DataError(`${what}: run must have a checkpoint, got none in ${run}; train it first`);
}
