import { basename, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { readJson } from "../files/json-file.ts";
import type { Diagnosis } from "../run/evaluation/diagnose.ts";
import type { RunResult } from "../run/execute-run.ts";
import { readJsonLines } from "../run/formats/json-lines.ts";
import { readStoredRun, runFolder } from "../run/run-folder.ts";

/** What a run folder holds for a report; what is not there yet is undefined and named in `missing`. */
export interface RunReport {
  readonly name: string;
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, unknown>> | undefined;
  readonly data: DataCard | undefined;
  readonly metrics: readonly Readonly<Record<string, number | null>>[];
  readonly result: RunResult | undefined;
  readonly diagnosis: Diagnosis | undefined;
  readonly missing: readonly string[];
}

/** data.json of a run. */
export interface DataCard {
  readonly fingerprint: string;
  readonly files: readonly { readonly name: string; readonly rows: number }[];
  readonly parts: Readonly<
    Record<
      string,
      {
        readonly rows: number;
        readonly users: number;
        readonly items: number;
        readonly coldUsers: number;
        readonly coldItems: number;
        readonly labelRates: Readonly<Record<string, number>>;
        readonly outOfVocabulary: Readonly<Record<string, number>>;
      }
    >
  >;
  readonly vocabularySizes: Readonly<Record<string, number>>;
}

/**
 * Reads what a run folder holds.
 *
 * @throws {ConfigError} the folder holds no run, or one of another format.
 */
export async function readRunReport(path: string): Promise<RunReport> {
  const folder = runFolder(path);
  const { files } = folder;
  if (!(await files.exists(folder.config)))
    throw new ConfigError(`${path}: folder must hold a run, got no config.resolved.json in it`);
  const missing: string[] = [];
  const optional = async <T>(file: string, what: string): Promise<T | undefined> => {
    if (await files.exists(file)) return (await readJson(file)) as T;
    missing.push(`${what} (${basename(file)})`);
    return undefined;
  };
  const run = (await readStoredRun(folder)).run as Record<string, unknown>;
  const { metrics, cut } = await readMetrics(folder.metrics);
  if (metrics.length === 0) missing.push("logged steps (metrics.jsonl)");
  if (cut) missing.push("the end of the last logged line (metrics.jsonl was cut off while it was written)");
  return {
    name: basename(path),
    path,
    config: run,
    environment: await optional(folder.environment, "versions and command"),
    data: await optional(folder.dataReport, "the data card"),
    metrics,
    result: await optional(join(path, "result.json"), "the test result: the run is not finished"),
    diagnosis: await optional(join(folder.evaluations, "diagnosis.json"), "calibration, agreement and slices"),
    missing,
  };
}

async function readMetrics(path: string): Promise<{ readonly metrics: RunReport["metrics"]; readonly cut: boolean }> {
  if (!(await nodeFiles.exists(path))) return { metrics: [], cut: false };
  const { records, cutLine } = await readJsonLines(path);
  return { metrics: records as unknown as RunReport["metrics"], cut: cutLine !== undefined };
}
