import { batchesPerEpoch } from "../data/batch.ts";
import type { Dataset } from "../data/dataset.ts";
import type { OwnLosses } from "../distill/terms/own-loss.ts";
import { createProgram, type Program } from "../engine/program.ts";
import { writeJson } from "../files/json-file.ts";
import { checkAgainstData, checkOwnLosses } from "./check-data.ts";
import { saveCheckpoint } from "./checkpoint.ts";
import type { ResolvedConfig, RunConfig } from "./config/run-config.ts";
import { type Evaluation, type Measured, measure } from "./evaluation/evaluate.ts";
import { writeUserMetrics } from "./evaluation/user-metrics.ts";
import type { RunEvent, StartUp, TrainState } from "./events.ts";
import { buildModels } from "./models.ts";
import { savePairTables } from "./pair-files.ts";
import { reportParameters } from "./parameter-report.ts";
import { rankingFiles } from "./rankings.ts";
import { type RunCost, runCost, type StepClock, stepClock } from "./run-cost.ts";
import { openRunFolder, type RunFolder, removeStart } from "./run-folder.ts";
import { type JobNotice, type JobOptions, type JobResult, measureTest, restoreLatest } from "./run-job.ts";
import { openRunLog } from "./run-log.ts";
import type { ScoresReport } from "./scores/load-scores.ts";
import { effectiveConfig, loadEarlierWeights, openRunData, seenRows } from "./starting-point.ts";
import { assertStepFits, stepShares } from "./step-memory.ts";
import { buildEntries } from "./steps.ts";
import { train } from "./train.ts";

/** What a whole run reports beside its training events. */
export type RunNotice =
  | RunEvent
  | JobNotice
  | { readonly kind: "scores"; readonly report: ScoresReport }
  | ({ readonly kind: "firstStep"; readonly step: number } & StartUp);

export interface RunOptions extends JobOptions<ResolvedConfig> {
  /** Losses of one's own, for distillation terms of kind own. */
  readonly losses?: OwnLosses;
  /** Stops as a signal would, with a checkpoint, after this many epochs; a run that is resumed goes on from there. */
  readonly pauseAfter?: number;
}

export type RunResult = JobResult<"done" | "patience"> & {
  /** Missing in folders of earlier versions. */
  readonly cost?: RunCost;
};

/**
 * Runs a configuration from data to result in a run folder: data, models, training with checkpoints and logs, and one
 * evaluation on the test part at the end.
 *
 * @throws {ConfigError} settings, folder or resume do not fit. @throws {DataError} data or a file break their contract.
 */
export async function* executeRun(options: RunOptions): AsyncGenerator<RunNotice, RunResult> {
  const { resolved, out, native, environment, resume = false, files, losses } = options;
  const config = await effectiveConfig(resolved);
  checkOwnLosses(config, losses);
  const { folder, release } = await openRunFolder(out, {
    config: { folder: resolved.folder, run: resolved.config },
    environment,
    resume,
    ...(files && { files }),
  });
  let program: Program | undefined;
  let began = resume;
  try {
    const started = performance.now();
    const { dataset, scores } = await openRunData(resolved);
    const dataSeconds = secondsSince(started);
    yield {
      kind: "data",
      report: dataset.report,
      fingerprint: dataset.fingerprint,
      seconds: dataSeconds,
    };
    if (scores !== undefined) {
      yield { kind: "scores", report: scores };
      await writeJson(folder.scores, scores, folder.files);
    }
    await writeJson(folder.encoding, dataset.encoding, folder.files);
    await savePairTables(folder, dataset.pairs);
    await writeJson(folder.trained, await seenRows(dataset, resolved, scores), folder.files);
    await writeJson(folder.dataReport, { fingerprint: dataset.fingerprint, ...dataset.report }, folder.files);
    checkAgainstData(config, dataset);
    const models = buildModels(config, dataset);
    if (!native?.gpu) assertStepFits("train.batchSize", stepShares(config, models, dataset));
    program = createProgram(models.parameters, buildEntries(config, models, { losses }), { native, seed: config.seed });
    await loadEarlierWeights(program, resolved);
    const names = (["teacher", "student"] as const).filter((name) => models[name] !== undefined);
    const reports = await reportParameters(program, names);
    const from = await restoreLatest({ folder, program, dataset }, resume);
    yield { kind: "models", models: reports, resumedFrom: resume ? from.step : undefined };
    began = true;
    const clock = stepClock();
    const { reason, state, seconds } = yield* trainWithCheckpoints(options, {
      ...{ folder, program, dataset, config, from },
      ...{ started, dataSeconds, clock },
    });
    const test =
      reason === "interrupted" ? undefined : yield* testEvaluation({ folder, program, dataset, config, state });
    const cost = runCost({ config, program, models: names, clock, wallSeconds: secondsSince(started) });
    const result: RunResult = { folder: out, reason, steps: state.step, seconds, test, models: reports, cost };
    if (reason !== "interrupted") await writeJson(`${out}/result.json`, result, folder.files);
    return result;
  } finally {
    program?.close();
    if (!began) await removeStart(folder).catch(() => {}); // the first error is the one to tell
    await release();
  }
}

interface Parts {
  readonly folder: RunFolder;
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: RunConfig;
}

async function* trainWithCheckpoints(
  { signal, resume = false, pauseAfter = Number.POSITIVE_INFINITY }: RunOptions,
  parts: Parts & {
    readonly from: TrainState;
    readonly started: number;
    readonly dataSeconds: number;
    readonly clock: StepClock;
  },
): AsyncGenerator<
  RunNotice,
  { readonly reason: RunResult["reason"]; readonly state: TrainState; readonly seconds: number }
> {
  const { folder, program, dataset, config, from, dataSeconds, clock } = parts;
  const started = performance.now();
  const log = await openRunLog(folder, {
    every: config.train.logEvery,
    resumeStep: resume ? from.step : undefined,
    redoesEvaluation: from.index === batchesPerEpoch({ rows: dataset.parts.train, size: config.train.batchSize }),
  });
  const { keepLast, checkpointEvery } = config.train;
  let reason: RunResult["reason"] = "done";
  let saved = from.step;
  let best = false;
  let paused = false;
  const stop = {
    get aborted() {
      return paused || signal?.aborted === true;
    },
  };
  const training = train({ program, dataset, config, from, rankings: rankingFiles(folder), signal: stop });
  try {
    for (;;) {
      const { value, done } = await training.next();
      if (done) return { reason, state: value, seconds: secondsSince(started) };
      await log.record(value);
      yield value;
      if (value.kind === "step") clock.add(value);
      if (value.kind === "epoch") paused = value.state.epoch >= pauseAfter && value.state.epoch < config.train.epochs;
      if (value.kind === "step" && value.step === from.step + 1) {
        const startUp = { seconds: secondsSince(parts.started), dataSeconds, captureSeconds: captureSeconds(program) };
        await log.start(value.step, startUp);
        yield { kind: "firstStep", step: value.step, ...startUp };
      }
      if (value.kind === "evaluation") best = value.best;
      if (value.kind === "end") reason = value.reason;
      const due =
        value.kind === "step"
          ? checkpointEvery !== undefined && value.step % checkpointEvery === 0
          : value.kind === "epoch" || value.kind === "end";
      // A state after an evaluation differs from the same step's before it.
      if (!due || (value.step === saved && !best && value.kind !== "epoch")) continue;
      const path = await saveCheckpoint(folder, program, {
        state: value.state,
        dataFingerprint: dataset.fingerprint,
        best,
        keepLast,
        isSaved: value.step === saved,
      });
      yield { kind: "checkpoint", path, step: value.step, best };
      saved = value.step;
      best = false;
    }
  } finally {
    await training.return(from);
    await log.close();
  }
}

function captureSeconds({ captures }: Program): number {
  return captures.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / 1000;
}

const secondsSince = (start: number): number => (performance.now() - start) / 1000;

async function* testEvaluation({
  folder,
  program,
  dataset,
  config,
  state,
}: Parts & { readonly state: TrainState }): AsyncGenerator<RunNotice, Evaluation | undefined> {
  if (dataset.parts.test === undefined) return undefined;
  let measured: Measured | undefined;
  const { evaluation, seconds } = await measureTest(
    { folder, program },
    {
      step: state.step,
      isMonitored: config.evaluate.monitor !== undefined,
      measure: async () => {
        measured = await measure(program, dataset, config, "test", { withSlices: true });
        return measured.evaluation;
      },
    },
  );
  if (measured !== undefined && measured.users.users.length > 0)
    await writeUserMetrics(folder.testUsers, measured.users, dataset.users, folder.files);
  if (measured !== undefined && measured.slices.length > 0)
    await writeJson(folder.testSlices, measured.slices, folder.files);
  yield { kind: "evaluation", part: "test", evaluation, seconds, best: false, state, step: state.step };
  return evaluation;
}
