import type { CaptureReport } from "../engine/executor.ts";
import type { NativeEngine } from "../engine/native.ts";
import { type EntryProfile, profileEntry } from "../engine/profile.ts";
import { createProgram, type Program, type StepCall } from "../engine/program.ts";
import { ConfigError } from "../errors.ts";
import type { ResolvedConfig } from "./config/run-config.ts";
import { buildModels } from "./models.ts";
import { effectiveConfig, loadEarlierWeights, openRunData } from "./starting-point.ts";
import { buildEntries } from "./steps.ts";
import { train } from "./train.ts";

/** Where the time of a run's training step goes. */
export interface RunProfile {
  readonly batchSize: number;
  /** Steps that were timed. */
  readonly steps: number;
  /** Of the data; of the first step, its capture included; of the capture alone. */
  readonly startUp: { readonly data: number; readonly firstStep: number; readonly capture: CaptureReport };
  /** Median milliseconds of a replayed step. */
  readonly stepMs: number;
  /** Share of the time that steps waited for their batches, the first step left out. */
  readonly dataWaitShare: number;
  /** The captured step, op by op. */
  readonly ops: EntryProfile;
}

export interface ProfileRunOptions {
  readonly native: NativeEngine;
  /** Steps to time, >= 1. */
  readonly steps: number;
}

/**
 * Trains a few steps of a configuration, without a run folder, and times them; then runs the captured step op by op.
 *
 * @throws {ConfigError} steps < 1, or more than the run has. @throws {DataError} the data break their contract.
 */
export async function profileRun(resolved: ResolvedConfig, { native, steps }: ProfileRunOptions): Promise<RunProfile> {
  if (!(Number.isInteger(steps) && steps >= 1)) {
    throw new ConfigError(`profile: steps must be a whole number >= 1, got ${steps}`);
  }
  const config = await effectiveConfig(resolved);
  const started = performance.now();
  const { dataset } = await openRunData(resolved);
  const data = performance.now() - started;
  const models = buildModels(config, dataset);
  const entries = buildEntries(config, models);
  const program = createProgram(models.parameters, entries, { native, seed: config.seed });
  try {
    await loadEarlierWeights(program, resolved);
    const calls: StepCall[] = [];
    const timings = await timeSteps(train({ program: remembering(program, calls), dataset, config }), steps + 1);
    const [first, ...timed] = timings as [StepTime, ...StepTime[]];
    if (timed.length < steps) {
      throw new ConfigError(`profile: steps must be below the run's ${timings.length}, got ${steps}`);
    }
    const { batch, inputs = {} } = calls[0]!;
    return {
      batchSize: config.train.batchSize,
      steps,
      startUp: { data, firstStep: first.stepMs, capture: program.captures[0]! },
      stepMs: median(timed.map(({ stepMs }) => stepMs)),
      dataWaitShare: waitShare(timed),
      ops: profileEntry(native, models.parameters, entries, "train", { batch, inputs }),
    };
  } finally {
    program.close();
  }
}

interface StepTime {
  readonly stepMs: number;
  readonly waitMs: number;
}

/** The program, which also keeps the first training call. */
function remembering(program: Program, calls: StepCall[]): Program {
  return {
    ...program,
    train: (entry, call) => {
      if (calls.length === 0) calls.push(call);
      return program.train(entry, call);
    },
  };
}

async function timeSteps(training: ReturnType<typeof train>, count: number): Promise<readonly StepTime[]> {
  const times: StepTime[] = [];
  for await (const event of training) {
    if (event.kind === "step") times.push(event);
    if (times.length === count) break;
  }
  return times;
}

function waitShare(times: readonly StepTime[]): number {
  const [waited, stepped] = [total(times.map(({ waitMs }) => waitMs)), total(times.map(({ stepMs }) => stepMs))];
  return waited / (waited + stepped);
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
