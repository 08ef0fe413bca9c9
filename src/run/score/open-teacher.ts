import { basename } from "node:path";
import type { FeatureSpec } from "../../data/dataset.ts";
import { type DataEncoding, parseEncoding } from "../../data/encoding.ts";
import { featureSpecs } from "../../data/feature-specs.ts";
import { pairSpecs } from "../../data/pairs/fit-pairs.ts";
import { parseStoreFile, type TeacherIdentity, trainedRows } from "../../distill/scores/manifest.ts";
import type { NativeEngine } from "../../engine/native.ts";
import { createProgram, type Program } from "../../engine/program.ts";
import { ConfigError, DataError } from "../../errors.ts";
import { readJson } from "../../files/json-file.ts";
import { findCheckpoint, loadCheckpoint } from "../checkpoint.ts";
import { type RunConfig, storedRunConfig } from "../config/run-config.ts";
import { buildModels, isOfModels } from "../models.ts";
import { loadPairTables, type PairTables } from "../pair-files.ts";
import { reportParameters } from "../parameter-report.ts";
import { type RunFolder, readStoredRun, runFolder } from "../run-folder.ts";
import { forwardHeads } from "../steps.ts";
import { featuresHash } from "./features-hash.ts";

/** Which of a run's models scores: its ranker, or its two-tower student. */
export type ScoringModel = "teacher" | "student";

/** A run's model, ready to score; its data are not read. Must be closed. */
export interface OpenedTeacher {
  readonly config: RunConfig;
  readonly encoding: DataEncoding;
  readonly pairs: PairTables;
  readonly features: readonly FeatureSpec[];
  /** Has the entry `score`: batch of rows or lists -> logits by head. */
  readonly program: Program;
  /** ctr, cvr and ctcvr of a ranker; `score` of a two-tower model. */
  readonly heads: readonly string[];
  readonly identity: Extract<TeacherIdentity, { kind: "run" }>;
}

export interface OpenTeacherOptions {
  readonly native?: NativeEngine | undefined;
  /** Default: the ranker where the run has one. */
  readonly model?: ScoringModel | undefined;
}

/**
 * Opens a run to score with its best checkpoint, or its last where no metric was monitored.
 *
 * @throws {ConfigError} no run folder, or it has no such model. @throws {DataError} no checkpoint, or a file is broken.
 */
export async function openTeacher(path: string, { native, model }: OpenTeacherOptions = {}): Promise<OpenedTeacher> {
  const folder = runFolder(path);
  if (!(await folder.files.exists(folder.config)))
    throw new ConfigError(`--teacher ${path}: folder must hold a run, got no config.resolved.json in it`);
  const config = storedRunConfig(folder.config, (await readStoredRun(folder)).run);
  const which = model ?? (config.teacher === undefined ? "student" : "teacher");
  if (config[which] === undefined)
    throw new ConfigError(
      `--teacher ${path}: run must have a ${which}, got ${which === "teacher" ? "a student" : "a teacher"} alone`,
    );
  const checkpoint = await checkpointOf(folder);
  const encoding = parseEncoding(await readJson(folder.encoding));
  const pairs = await loadPairTables(folder);
  const features = [...featureSpecs(config.data.columns, encoding), ...pairSpecs(pairs)];
  const models = buildModels({ ...config, distill: [] }, { features, items: { size: 0 } });
  const forward = forwardHeads(models, which);
  const program = createProgram(models.parameters, { score: { kind: "forward", forward } }, { native });
  try {
    await loadCheckpoint(folder, checkpoint, program, { what: "parameters", only: isOfModels });
    const weights = (await reportParameters(program, [which]))[which]!.fingerprint;
    const identity = {
      kind: "run" as const,
      model: which,
      run: basename(path),
      checkpoint: basename(checkpoint),
      weights,
      features: await featuresHash(config, encoding, { model: which, pairs }),
      trained: await readTrained(folder),
    };
    return { config, encoding, pairs, features, program, heads: headsOf(which), identity };
  } catch (error) {
    program.close();
    throw error;
  }
}

function headsOf(model: ScoringModel): readonly string[] {
  return model === "teacher" ? ["ctr", "cvr", "ctcvr"] : ["score"];
}

async function checkpointOf(folder: RunFolder): Promise<string> {
  const checkpoint = (await findCheckpoint(folder, "best")) ?? (await findCheckpoint(folder, "latest"));
  if (checkpoint !== undefined) return checkpoint;
  throw new DataError(`--teacher ${folder.path}: run must have a checkpoint, got none; train it first`);
}

async function readTrained({ trained, path, files }: RunFolder) {
  if (!(await files.exists(trained))) {
    throw new DataError(
      `--teacher ${path}: run must say which rows it was trained on, got no trained.json; train it with this version`,
    );
  }
  return parseStoreFile(trained, trainedRows, await readJson(trained, files));
}
