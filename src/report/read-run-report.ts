import { basename, join, resolve } from "node:path";
import { z } from "zod";
import type { FileLayer } from "../files/file-layer.ts";
import { readJson } from "../files/json-file.ts";
import type { Diagnosis } from "../run/evaluation/diagnose.ts";
import type { SliceResult } from "../run/evaluation/slices.ts";
import { readUserMetrics, type ValuesByUser } from "../run/evaluation/user-metrics.ts";
import { readJsonLines } from "../run/formats/json-lines.ts";
import { readStoredJob, runFolder, type StoredJob } from "../run/run-folder.ts";
import type { DataCard } from "../run/run-job.ts";
import { checkStored, readStoredResult, type StoredResult } from "../run/stored-result.ts";

const count = z.number().min(0);

/** A line of metrics.jsonl. */
export type LoggedLine = Readonly<Record<string, number | null>>;

/** What a run folder holds for a report; what is not there yet is undefined and named in `missing`. */
export interface RunReport {
  readonly kind: StoredJob["kind"];
  readonly name: string;
  readonly path: string;
  readonly config: StoredJob["config"];
  readonly environment: Readonly<Record<string, unknown>> | undefined;
  readonly data: DataCard | undefined;
  readonly metrics: readonly LoggedLine[];
  /** Of a cascade: one line a phase. */
  readonly phases: readonly PhaseLine[];
  readonly result: StoredResult | undefined;
  readonly diagnosis: Diagnosis | undefined;
  /** Test metrics of each user by `model/metric`, where the run kept them. */
  readonly perUser: ReadonlyMap<string, ValuesByUser> | undefined;
  /** Test metrics by group of the slices that the run was asked for. */
  readonly slices: readonly SliceResult[];
  readonly missing: readonly string[];
}

const sliceResults = z.array(
  z.object({
    slice: z.string(),
    group: z.string(),
    model: z.enum(["teacher", "student"]),
    rows: count,
    users: count,
    metrics: z.record(z.string(), z.number().nullable()),
  }),
);

const listBuild = z.looseObject({
  seconds: count,
  builtAtStep: count,
  exposedShare: z.number().nullable(),
  changedShare: z.number().nullable(),
});
const phaseLine = z.looseObject({
  step: count,
  phase: z.string(),
  round: count,
  seconds: count,
  steps: count,
  lists: z.record(z.string(), listBuild),
  tutorSeconds: count,
  waitSeconds: count,
  stepSeconds: count,
});

/** phases.jsonl of a cascade: what a phase took, and the lists that were built for it. */
export type PhaseLine = z.infer<typeof phaseLine>;

/**
 * Reads what a run folder holds.
 *
 * @throws {ConfigError} the folder holds no run, or one of another format. @throws {DataError} a file that breaks its
 *   contract, named with the place.
 */
export async function readRunReport(path: string): Promise<RunReport> {
  const folder = runFolder(path);
  const { files } = folder;
  const { kind, config } = await readStoredJob(folder);
  const missing: string[] = [];
  const optional = async <T>(file: string, what: string): Promise<T | undefined> => {
    if (await files.exists(file)) return (await readJson(file, files)) as T;
    missing.push(`${what} (${basename(file)})`);
    return undefined;
  };
  const environment = await optional<Readonly<Record<string, unknown>>>(folder.environment, "versions and command");
  const data = await optional<DataCard>(folder.dataReport, "the data card");
  const metrics = await readLines(folder.metrics, "logged steps", { missing, files });
  const phases =
    kind === "cascade" ? await readLines(join(path, "phases.jsonl"), "finished phases", { missing, files }) : [];
  const result = await readStoredResult(path);
  if (result === undefined) missing.push("the test result: the run is not finished (result.json)");
  const diagnosisFile = join(folder.evaluations, "diagnosis.json");
  return {
    kind,
    name: basename(resolve(path)),
    path,
    config,
    environment,
    data,
    metrics: metrics.map((line) => numbersOf(line)),
    phases: phases.map((line, i) => checkStored(phaseLine, line, `${join(path, "phases.jsonl")}:${i + 1}`)),
    result,
    diagnosis:
      kind === "cascade" ? undefined : await optional<Diagnosis>(diagnosisFile, "calibration, agreement and slices"),
    perUser: (await files.exists(folder.testUsers))
      ? await readUserMetrics(folder.testUsers, metricNames(result), files)
      : undefined,
    slices: (await files.exists(folder.testSlices))
      ? checkStored(sliceResults, await readJson(folder.testSlices, files), folder.testSlices)
      : [],
    missing,
  };
}

/** Metrics as `model/metric`. */
function metricNames(result: StoredResult | undefined): readonly string[] {
  return Object.entries(result?.test ?? {}).flatMap(([model, metrics]) =>
    Object.keys(metrics).map((metric) => `${model}/${metric}`),
  );
}

/** The whole lines of a log; says where there are none, and where the last one was cut off. */
async function readLines(
  path: string,
  what: string,
  { missing, files }: { readonly missing: string[]; readonly files: FileLayer },
): Promise<readonly object[]> {
  const { records, cutLine } = (await files.exists(path))
    ? await readJsonLines(path, { files })
    : { records: [], cutLine: undefined };
  const file = basename(path);
  if (records.length === 0) missing.push(`${what} (${file})`);
  if (cutLine !== undefined)
    missing.push(`the end of the last line of ${file}, which was cut off while it was written`);
  return records;
}

/** What is no number or null in a line is left out: logs of later versions may hold more. */
function numbersOf(line: object): LoggedLine {
  return Object.fromEntries(
    Object.entries(line).filter(
      (entry): entry is [string, number | null] => entry[1] === null || typeof entry[1] === "number",
    ),
  );
}
