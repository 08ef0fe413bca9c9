import type { DataReport } from "../data/data-report.ts";
import type { Dataset } from "../data/dataset.ts";
import type { NativeEngine } from "../engine/native.ts";
import type { Program, StepReport } from "../engine/program.ts";
import { DataError } from "../errors.ts";
import type { FileLayer } from "../files/file-layer.ts";
import { writeJson } from "../files/json-file.ts";
import { findCheckpoint, loadCheckpoint } from "./checkpoint.ts";
import type { Evaluation } from "./evaluation/evaluate.ts";
import { type TrainState, trainStart } from "./events.ts";
import type { ParameterReport } from "./parameter-report.ts";
import type { RunFolder } from "./run-folder.ts";

/** What a job that trains in a run folder is given. */
export interface JobOptions<Resolved> {
  readonly resolved: Resolved;
  /** The run folder. */
  readonly out: string;
  readonly native?: NativeEngine | undefined;
  /** Runtime, versions, command: written to env.json. */
  readonly environment: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  readonly signal?: AbortSignal;
  readonly files?: FileLayer;
}

/** data.json of a run folder. */
export type DataCard = DataReport & { readonly fingerprint: string };

/** What such a job reports beside its training. */
export type JobNotice =
  | { readonly kind: "data"; readonly report: DataReport; readonly fingerprint: string; readonly seconds: number }
  | {
      readonly kind: "models";
      readonly models: Readonly<Record<string, ParameterReport>>;
      readonly resumedFrom: number | undefined;
    }
  | { readonly kind: "checkpoint"; readonly path: string; readonly step: number; readonly best: boolean };

/** What it ends with; result.json holds it. */
export interface JobResult<Reason extends string> {
  readonly folder: string;
  readonly reason: Reason | "interrupted";
  readonly steps: number;
  /** Of training, evaluation and checkpoints included; of this process alone after a resume. */
  readonly seconds: number;
  /** On the test part, once, by the best checkpoint where a metric is monitored, else by the last; undefined when interrupted or without a test part. */
  readonly test: Evaluation | undefined;
  readonly models: Readonly<Record<string, ParameterReport>>;
}

interface JobParts {
  readonly folder: RunFolder;
  readonly program: Program;
  readonly dataset: Dataset;
}

/** Loads the latest checkpoint of a job that goes on. @returns where it stands: the beginning where there is none. */
export async function restoreLatest({ folder, program, dataset }: JobParts, resume: boolean): Promise<TrainState> {
  const latest = resume ? await findCheckpoint(folder, "latest") : undefined;
  if (latest === undefined) return trainStart;
  return loadCheckpoint(folder, latest, program, { what: "all", dataFingerprint: dataset.fingerprint });
}

export interface MeasureTestOptions {
  /** Steps done. */
  readonly step: number;
  /** Whether a metric picked a best checkpoint, which is then loaded. */
  readonly isMonitored: boolean;
  readonly measure: () => Promise<Evaluation>;
}

/** Measures the test part, and writes eval/test.json. */
export async function measureTest(
  { folder, program }: Pick<JobParts, "folder" | "program">,
  { step, isMonitored, measure }: MeasureTestOptions,
): Promise<{ readonly evaluation: Evaluation; readonly seconds: number }> {
  const best = isMonitored ? await findCheckpoint(folder, "best") : undefined;
  if (best !== undefined) await loadCheckpoint(folder, best, program, { what: "parameters" });
  const started = performance.now();
  const evaluation = await measure();
  const seconds = (performance.now() - started) / 1000;
  const file = { step, checkpoint: best ?? "last", models: evaluation };
  await writeJson(`${folder.evaluations}/test.json`, file, folder.files);
  return { evaluation, seconds };
}

/** @throws {DataError} a step's loss is not finite; names what trains, the step and the terms. */
export function assertFiniteLoss(
  where: string,
  { loss, parts }: Pick<StepReport, "loss" | "parts">,
  step: number,
): void {
  if (Number.isFinite(loss)) return;
  const bad = Object.entries(parts).filter(([, value]) => !Number.isFinite(value));
  const terms = bad.length === 0 ? "" : ` in ${bad.map(([name, value]) => `${name} = ${value}`).join(", ")}`;
  throw new DataError(
    `${where}: loss must be finite, got ${loss} at step ${step}${terms}; lower the rate or set clipNorm, and resume from the last checkpoint`,
  );
}
