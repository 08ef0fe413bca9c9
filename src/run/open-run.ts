import type { Dataset } from "../data/dataset.ts";
import { parseEncoding } from "../data/encoding.ts";
import { openDataset } from "../data/open-dataset.ts";
import type { NativeEngine } from "../engine/native.ts";
import { createProgram, type Program } from "../engine/program.ts";
import { ConfigError, DataError } from "../errors.ts";
import { readJson } from "../files/json-file.ts";
import { findCheckpoint, loadCheckpoint } from "./checkpoint.ts";
import { type RunConfig, storedRunConfig } from "./config/run-config.ts";
import { rowGroupings } from "./config/slices-config.ts";
import { buildModels, type Models } from "./models.ts";
import { readStoredRun, runFolder } from "./run-folder.ts";
import { effectiveConfig } from "./starting-point.ts";
import { buildEntries } from "./steps.ts";

/** A finished (or stopped) run with its models loaded. */
export interface OpenedRun {
  readonly config: RunConfig;
  readonly dataset: Dataset;
  readonly models: Models;
  readonly program: Program;
  /** The checkpoint whose weights are loaded. */
  readonly checkpoint: string;
}

/**
 * Opens a run folder: its configuration, its data encoded as in training, and the weights of its best checkpoint, or
 * of its last where no metric was monitored.
 *
 * @param baseDir - folder that relative data paths are relative to; default: that of the run's configuration.
 * @throws {ConfigError} no run folder. @throws {DataError} no checkpoint, or one that does not fit.
 */
export async function openRun(
  path: string,
  { native, baseDir }: { readonly native?: NativeEngine | undefined; readonly baseDir?: string } = {},
): Promise<OpenedRun> {
  const folder = runFolder(path);
  if (!(await folder.files.exists(folder.config)))
    throw new ConfigError(`--run ${path}: folder must hold a run, got no config.resolved.json in it`);
  const stored = await readStoredRun(folder);
  const folderOfData = baseDir ?? stored.folder;
  const config = await effectiveConfig({ config: storedRunConfig(folder.config, stored.run), folder: folderOfData });
  const checkpoint = (await findCheckpoint(folder, "best")) ?? (await findCheckpoint(folder, "latest"));
  if (checkpoint === undefined)
    throw new DataError(`--run ${path}: run must have a checkpoint, got none; train it first`);
  const encoding = parseEncoding(await readJson(folder.encoding));
  const dataset = await openDataset(config.data, {
    baseDir: folderOfData,
    encoding,
    groups: rowGroupings(config.evaluate.slices),
  });
  const models = buildModels(config, dataset);
  const program = createProgram(models.parameters, buildEntries(config, models), { native, seed: config.seed });
  await loadCheckpoint(folder, checkpoint, program, { what: "parameters" });
  return { config, dataset, models, program, checkpoint };
}
