import { join, relative, resolve } from "node:path";
import { loadHash } from "../../data/fingerprint.ts";
import { type FileLayer, nodeFiles } from "../../files/file-layer.ts";
import { readJson } from "../../files/json-file.ts";
import { readUserMetrics, type ValuesByUser } from "../evaluation/user-metrics.ts";
import type { RunResult } from "../execute-run.ts";
import { readRunJson, runFolder } from "../run-folder.ts";
import { NEEDED_RUN } from "./controls.ts";
import { type InputHashes, inputHashes } from "./input-hashes.ts";
import type { AblationPlan, PlannedRun } from "./plan.ts";
import type { RunCommand } from "./run-process.ts";

/** What became of a planned run. */
export type RunOutcome =
  | {
      readonly kind: "done";
      readonly run: PlannedRun;
      readonly folder: string;
      readonly result: RunResult;
      readonly reused: boolean;
      readonly command: string;
      /** The wanted metrics by user, of those that are means over users. */
      readonly users: ReadonlyMap<string, ValuesByUser>;
    }
  | {
      readonly kind: "failed";
      readonly run: PlannedRun;
      readonly folder: string;
      readonly error: string;
      readonly command: string;
    };

export interface ExecutePlanOptions {
  /** Folder of the ablation; runs go under `runs/` in it. */
  readonly out: string;
  /** Runs the commands that make up the ablation. */
  readonly runCommand: RunCommand;
  /** Commands at a time. */
  readonly jobs: number;
  /** Version of the code: runs of another version are not reused. */
  readonly version: string;
  readonly device: string;
  /** Metrics whose values by user are read. */
  readonly metrics: readonly string[];
  readonly signal?: AbortSignal;
  /** What the results are read through. */
  readonly files?: FileLayer;
  readonly onOutcome?: (outcome: RunOutcome, done: number, total: number) => void;
}

/** Runs a plan, each run a command of its own; finished ones are found and kept, failed ones are an outcome. */
export async function executePlan(
  { baseFile, runs }: Pick<AblationPlan, "baseFile" | "runs">,
  options: ExecutePlanOptions,
): Promise<readonly RunOutcome[]> {
  const place = runPlaces(options);
  const begun = new Map<PlannedRun, Promise<RunOutcome>>();
  const outcomes = new Array<RunOutcome>(runs.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < runs.length && !options.signal?.aborted) {
      const i = next++;
      const run = runs[i]!;
      const outcome = (async () =>
        executeOne(baseFile, run, { options, place, needed: run.needs && begun.get(run.needs) }))();
      begun.set(run, outcome);
      outcomes[i] = await outcome;
      if (!options.signal?.aborted) options.onOutcome?.(outcomes[i], ++done, runs.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, options.jobs) }, work));
  return outcomes.filter((outcome) => outcome !== undefined);
}

/** The folder of a planned run, by its name and the hash of its configuration, the code's version, and what it reads. */
export type RunPlaces = (run: PlannedRun) => Promise<string>;

/** @throws {DataError} a file that a run reads is not there. */
export function runPlaces({ out, version }: Pick<ExecutePlanOptions, "out" | "version">): RunPlaces {
  const hashes = inputHashes();
  return async (run) => {
    const hash = await loadHash();
    const key = hash.h64ToString(JSON.stringify(await keyOf(run, { version, hashes })));
    const name = run.variant.replaceAll(/[^\w.=-]+/g, "_").slice(0, 60);
    return join(out, "runs", `${name}-s${run.seed}-${key.slice(0, 8)}`);
  };
}

async function keyOf(
  run: PlannedRun,
  given: { readonly version: string; readonly hashes: InputHashes },
): Promise<readonly unknown[]> {
  const inputs = await given.hashes(run.resolved);
  return [run.resolved.config, given.version, inputs, run.needs === undefined ? null : await keyOf(run.needs, given)];
}

/** Assignments of a run whose needed run lies in `folder`; configurations name runs relative to themselves. */
export function filledSets({ sets, resolved }: PlannedRun, folder: string | undefined): readonly string[] {
  if (folder === undefined) return sets;
  const path = relative(resolved.folder, resolve(folder));
  return sets.map((set) => set.replaceAll(NEEDED_RUN, path));
}

/** `twinstill train ...` as it is typed. */
export function shellCommand(args: readonly string[]): string {
  return ["twinstill", ...args]
    .map((part) => (/^[\w./:=,-]+$/.test(part) ? part : `'${part.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

interface OneRun {
  readonly options: ExecutePlanOptions;
  readonly place: RunPlaces;
  readonly needed: Promise<RunOutcome> | undefined;
}

async function executeOne(baseFile: string, run: PlannedRun, { options, place, needed }: OneRun): Promise<RunOutcome> {
  const folder = await place(run);
  const other = await needed;
  const args = trainArguments(baseFile, folder, filledSets(run, other?.folder), options);
  const command = shellCommand(args);
  const failed = (error: string): RunOutcome => ({ kind: "failed", run, folder, error, command });
  if (run.needs !== undefined && other?.kind !== "done")
    return failed(`needs the run of ${run.needs.variant}, seed ${run.needs.seed}, which failed`);
  const finished = await finishedRun(folder, options);
  if (finished !== undefined) return { kind: "done", run, folder, ...finished, reused: true, command };
  const error = await options.runCommand([...args, ...(await resumeFlag(folder, options))], options.signal);
  if (error !== undefined) return failed(error);
  const made = await finishedRun(folder, options);
  return made === undefined
    ? failed("the run ended without a result")
    : { kind: "done", run, folder, ...made, reused: false, command };
}

/** A run that was broken off is gone on with, even where it had come no further than to make its folder. */
export async function resumeFlag(
  folder: string,
  { files = nodeFiles }: Pick<ExecutePlanOptions, "files">,
): Promise<readonly string[]> {
  return (await files.exists(folder)) ? ["--resume"] : [];
}

/** Arguments of the command that makes a run. */
export function trainArguments(
  baseFile: string,
  folder: string,
  sets: readonly string[],
  { device }: Pick<ExecutePlanOptions, "device">,
): readonly string[] {
  return [
    ...["train", "--config", baseFile, "--out", folder, "--device", device, "--quiet"],
    ...sets.flatMap((set) => ["--set", set]),
  ];
}

/** @throws {ConfigError} the folder has another format. @throws {DataError} a file in it is broken. */
async function finishedRun(
  path: string,
  { metrics, files: layer }: Pick<ExecutePlanOptions, "metrics" | "files">,
): Promise<{ readonly result: RunResult; readonly users: ReadonlyMap<string, ValuesByUser> } | undefined> {
  const { testUsers, config, files } = runFolder(path, layer);
  const result = join(path, "result.json");
  if (!(await files.exists(result))) return undefined;
  await readRunJson(config, files); // refuses a folder of another format
  const users = (await files.exists(testUsers))
    ? await readUserMetrics(testUsers, withTeachers(metrics), files)
    : new Map();
  return { result: (await readJson(result, files)) as RunResult, users };
}

/** The teacher's row takes its metrics in the student's place. */
function withTeachers(metrics: readonly string[]): readonly string[] {
  return [...new Set(metrics.flatMap((metric) => [metric, metric.replace(/^student\//, "teacher/")]))];
}
