import type { Dataset } from "../../data/dataset.ts";
import { parseEncoding } from "../../data/encoding.ts";
import { openDataset } from "../../data/open-dataset.ts";
import type { NativeEngine } from "../../engine/native.ts";
import { createProgram, type Program } from "../../engine/program.ts";
import { ConfigError, DataError } from "../../errors.ts";
import { readJson } from "../../files/json-file.ts";
import { findCheckpoint, loadCheckpoint } from "../checkpoint.ts";
import { readRunJson, runFolder } from "../run-folder.ts";
import { type CascadeRunConfig, cascadeRunConfig } from "./cascade-config.ts";
import { buildCascade, cascadeEntries, cascadeParameters } from "./cascade-program.ts";

/** A cascade's run with its models loaded. */
export interface OpenedCascade {
  readonly config: CascadeRunConfig;
  readonly dataset: Dataset;
  readonly program: Program;
  /** The checkpoint whose weights are loaded. */
  readonly checkpoint: string;
}

/**
 * Opens the run folder of a cascade: its configuration, its data encoded as in training, and the weights of its best
 * round, or of its last where no metric was monitored. The caller closes the program.
 *
 * @throws {ConfigError} no cascade's run folder. @throws {DataError} no checkpoint, or one that does not fit.
 */
export async function openCascade(
  path: string,
  { native }: { readonly native?: NativeEngine | undefined } = {},
): Promise<OpenedCascade> {
  const folder = runFolder(path);
  const stored = (await folder.files.exists(folder.config)) ? await readRunJson(folder.config) : undefined;
  const { folder: baseDir, cascade } = (stored ?? {}) as { readonly folder?: string; readonly cascade?: unknown };
  if (baseDir === undefined || cascade === undefined)
    throw new ConfigError(
      `${path}: folder must hold the run of a cascade, got ${stored === undefined ? "no config.resolved.json in it" : "another run"}`,
    );
  const config = cascadeRunConfig.parse(cascade);
  const checkpoint = (await findCheckpoint(folder, "best")) ?? (await findCheckpoint(folder, "latest"));
  if (checkpoint === undefined) throw new DataError(`${path}: run must have a checkpoint, got none; train it first`);
  const dataset = await openDataset(config.data, { baseDir, encoding: parseEncoding(await readJson(folder.encoding)) });
  const models = buildCascade(config, dataset.features);
  const program = createProgram(cascadeParameters(config, models), cascadeEntries(config, models, dataset.items.size), {
    native,
    seed: config.seed,
  });
  try {
    await loadCheckpoint(folder, checkpoint, program, { what: "parameters" });
  } catch (error) {
    program.close();
    throw error;
  }
  return { config, dataset, program, checkpoint };
}
