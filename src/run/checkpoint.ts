import { randomBytes } from "node:crypto";
import { basename, join } from "node:path";
import { type Program, variableChunks } from "../engine/program.ts";
import { rowChunks, rowSize, type Variable } from "../engine/variables.ts";
import { DataError } from "../errors.ts";
import { writeTextAtomically } from "../files/atomic-write.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { readJson, writeJson } from "../files/json-file.ts";
import { CHECKPOINT_FORMAT, checkedState, type StateFile } from "./checkpoint-state.ts";
import type { TrainState } from "./events.ts";
import { openSafetensors } from "./formats/safetensors-read.ts";
import { writeSafetensors } from "./formats/safetensors-write.ts";
import type { RunFolder } from "./run-folder.ts";

const PARAMETERS = "model.safetensors";
const SLOTS = "optimizer.safetensors";
const STATE = "state.json";

/** Which pointer file names a checkpoint. */
export type CheckpointName = "latest" | "best";

export interface SaveOptions {
  readonly state: TrainState;
  readonly dataFingerprint: string;
  /** Also point `best` at it. */
  readonly best: boolean;
  /** Checkpoints to keep, the best one not counted. */
  readonly keepLast: number;
  /** The step's weights are saved already, in a checkpoint that is named by pointers: only its state is replaced. */
  readonly isSaved?: boolean;
}

/**
 * Writes the program's variables and the loop's position as a new checkpoint: to a temporary folder, renamed when it
 * is whole, then named by the pointer files. Older ones are removed after that.
 *
 * @returns the checkpoint's folder.
 */
export async function saveCheckpoint(folder: RunFolder, program: Program, options: SaveOptions): Promise<string> {
  const { files, checkpoints } = folder;
  const name = `step-${String(options.state.step).padStart(8, "0")}`;
  const final = join(checkpoints, name);
  const state: StateFile = {
    format: CHECKPOINT_FORMAT,
    state: options.state,
    counts: program.counts(),
    dataFingerprint: options.dataFingerprint,
  };
  const point = (pointer: CheckpointName): Promise<void> =>
    writeTextAtomically(join(checkpoints, pointer), `${name}\n`, { files });
  const isThere = options.isSaved === true && (await files.exists(final));
  if (!isThere) await writeCheckpoint(folder, program, { name, state });
  // Before the state that says so can be gone on from: a kill between the two would lose the best.
  if (options.best) await point("best");
  if (isThere) await writeJson(join(final, STATE), state, files);
  await point("latest");
  await removeOld(folder, options.keepLast);
  return final;
}

async function writeCheckpoint(
  { files, checkpoints }: RunFolder,
  program: Program,
  { name, state }: { readonly name: string; readonly state: StateFile },
): Promise<void> {
  const final = join(checkpoints, name);
  const temporary = join(checkpoints, `.${name}.${randomBytes(6).toString("hex")}.tmp`);
  await files.makeFolder(temporary);
  try {
    const metadata = { format: "twinstill" };
    await writeSafetensors(join(temporary, PARAMETERS), tensorsOf(program, isParameter), { files, metadata });
    const slots = tensorsOf(program, (variable) => !isParameter(variable));
    await writeSafetensors(join(temporary, SLOTS), slots, { files });
    await writeJson(join(temporary, STATE), state, files);
  } catch (error) {
    await files.remove(temporary).catch(() => {}); // the first error is the one to tell
    throw error;
  }
  if (await files.exists(final)) await files.remove(final); // left by a run that was resumed from before it
  await files.rename(temporary, final);
  await files.syncFolder(checkpoints);
}

/** Folder of the checkpoint that a pointer names; undefined where there is none. */
export async function findCheckpoint(
  { checkpoints, files }: RunFolder,
  pointer: CheckpointName,
): Promise<string | undefined> {
  const path = join(checkpoints, pointer);
  if (!(await files.exists(path))) return undefined;
  const file = await files.open(path, "read");
  try {
    const bytes = new Uint8Array(await file.size());
    await file.read(bytes, 0);
    const name = Buffer.from(bytes).toString("utf8").trim();
    if (!/^step-\d{8,}$/.test(name))
      throw new DataError(`${path}: file must name a checkpoint like step-00000500, got ${JSON.stringify(name)}`);
    return join(checkpoints, name);
  } finally {
    await file.close();
  }
}

const readState = async (path: string, files: RunFolder["files"]): Promise<StateFile> =>
  checkedState(path, await readJson(join(path, STATE), files));

/** Where the latest checkpoint of a run stands; undefined where it has none. @throws {DataError} it is broken. */
export async function latestState(folder: RunFolder): Promise<TrainState | undefined> {
  const latest = await findCheckpoint(folder, "latest");
  return latest === undefined ? undefined : (await readState(latest, folder.files)).state;
}

export interface LoadOptions {
  /** `all` to go on training; `parameters` to score. */
  readonly what: "all" | "parameters";
  /** Data that the checkpoint must be of. */
  readonly dataFingerprint?: string;
  /** Tensors that are wanted, by name; the others stay as they are. Default: all. */
  readonly only?: (name: string) => boolean;
  /** What the checkpoint calls a wanted tensor, where it is another model's. Default: the same. */
  readonly storedAs?: (name: string) => string;
}

/**
 * Loads a checkpoint's values into the program.
 *
 * @throws {DataError} a tensor is missing, left over, or has another shape: the checkpoint does not fit the
 *   configuration; or it was made on other data.
 */
export async function loadCheckpoint(
  { files }: Pick<RunFolder, "files">,
  path: string,
  program: Program,
  { what, dataFingerprint, only = () => true, storedAs }: LoadOptions,
): Promise<TrainState> {
  const stored = await readState(path, files);
  if (dataFingerprint !== undefined && stored.dataFingerprint !== dataFingerprint) {
    throw new DataError(
      `${path}: checkpoint must be of the same data, got fingerprint ${stored.dataFingerprint} where the data have ${dataFingerprint}`,
    );
  }
  await loadTensors(join(path, PARAMETERS), program, { wanted: isParameter, only, storedAs }, files);
  if (what === "parameters") return stored.state;
  await loadTensors(join(path, SLOTS), program, { wanted: (variable) => !isParameter(variable), only }, files);
  program.setCounts(stored.counts);
  return stored.state;
}

const isParameter = (variable: Variable): boolean => variable.role === "parameter";

function tensorsOf(program: Program, wanted: (variable: Variable) => boolean) {
  const chosen = program.variables.filter(wanted);
  return new Map(
    chosen.map((variable) => [
      variable.name,
      { dtype: "F32" as const, shape: variable.shape, data: finiteChunks(program, variable) },
    ]),
  );
}

/** A checkpoint is what a run goes on from: one of numbers that are none would take the last good one's place. */
function* finiteChunks(program: Program, variable: Variable): Generator<Float32Array> {
  for (const chunk of variableChunks(program, variable)) {
    const wrong = chunk.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0)
      throw new DataError(
        `checkpoint: values of "${variable.name}" must be finite, got ${chunk[wrong]}; the last checkpoint stays: lower the rate or set clipNorm, and resume from it`,
      );
    yield chunk;
  }
}

interface WantedTensors extends Required<Pick<LoadOptions, "only">> {
  readonly wanted: (variable: Variable) => boolean;
  readonly storedAs?: LoadOptions["storedAs"] | undefined;
}

async function loadTensors(
  path: string,
  program: Program,
  { wanted, only, storedAs }: WantedTensors,
  files: RunFolder["files"],
): Promise<void> {
  const variables = program.variables.filter((variable) => wanted(variable) && only(variable.name));
  const stored = await openSafetensors(path, { files });
  try {
    const known = new Set(variables.map(({ name }) => name));
    // A checkpoint that another model is read from holds more than that model.
    const extra = storedAs === undefined && [...stored.tensors.keys()].find((name) => only(name) && !known.has(name));
    if (extra)
      throw new DataError(
        `${path}: checkpoint must fit the configuration, got tensor "${extra}" that the models do not have`,
      );
    const nameOf = ({ name }: Variable): string => storedAs?.(name) ?? name;
    for (const variable of variables) {
      const entry = stored.tensors.get(nameOf(variable));
      if (entry === undefined || String(entry.shape) !== String(variable.shape)) {
        const got = entry === undefined ? "none" : `[${entry.shape}]`;
        throw new DataError(
          `${path}: checkpoint must fit the configuration: "${variable.name}" must have shape [${variable.shape}], got ${got}`,
        );
      }
    }
    for (const variable of variables) {
      const size = rowSize(variable);
      for (const [from, to] of rowChunks(variable)) {
        program.write(
          variable.name,
          (await stored.readRange(nameOf(variable), from * size, to * size)) as Float32Array,
          from,
        );
      }
    }
  } finally {
    await stored.close();
  }
}

export interface FirstValuesOptions extends Pick<LoadOptions, "only" | "storedAs"> {
  /** What a tensor of another width is. Default: an error. */
  readonly misfit?: "error" | "skip";
  readonly files?: RunFolder["files"];
}

/**
 * Gives variables the values that a checkpoint has under their names. A table may have grown: rows that the checkpoint
 * does not have keep their first values. Variables of a model that it does not have stay as they are.
 *
 * @returns number of variables that it gave values.
 * @throws {DataError} a tensor has another width, or more rows than the variable: the models are not the same.
 */
export async function loadFirstValues(
  path: string,
  program: Program,
  { only = () => true, storedAs = (name) => name, misfit = "error", files = nodeFiles }: FirstValuesOptions = {},
): Promise<number> {
  const file = join(path, PARAMETERS);
  const stored = await openSafetensors(file, { files });
  let loaded = 0;
  try {
    for (const variable of program.variables.filter(isParameter)) {
      const storedName = storedAs(variable.name);
      const entry = only(variable.name) ? stored.tensors.get(storedName) : undefined;
      if (entry === undefined) continue;
      const [rows = 1, ...rest] = entry.shape;
      const [own = 1, ...ownRest] = variable.shape;
      if (
        entry.shape.length !== variable.shape.length ||
        String(rest) !== String(ownRest) ||
        rows > own ||
        (rows < own && !variable.byRows)
      ) {
        if (misfit === "skip") continue;
        throw new DataError(
          `${file}: "${variable.name}" must fit shape [${variable.shape}], got [${entry.shape}]; start from a run of the same models`,
        );
      }
      loaded++;
      const size = rowSize(variable);
      for (const [from, to] of rowChunks(variable)) {
        const end = Math.min(to, rows);
        if (from >= end) break;
        program.write(
          variable.name,
          (await stored.readRange(storedName, from * size, end * size)) as Float32Array,
          from,
        );
      }
    }
    return loaded;
  } finally {
    await stored.close();
  }
}

async function removeOld(folder: RunFolder, keepLast: number): Promise<void> {
  const { files, checkpoints } = folder;
  const best = await findCheckpoint(folder, "best");
  const names = (await files.list(checkpoints)).filter((name) => name.startsWith("step-"));
  const kept = new Set([...names.slice(-keepLast), ...(best === undefined ? [] : [basename(best)])]);
  for (const name of names) if (!kept.has(name)) await files.remove(join(checkpoints, name));
}
