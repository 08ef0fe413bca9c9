import { resolve } from "node:path";
import type { Dataset } from "../../data/dataset.ts";
import { openDataset } from "../../data/open-dataset.ts";
import { createProgram, type Program } from "../../engine/program.ts";
import { ConfigError } from "../../errors.ts";
import { writeJson } from "../../files/json-file.ts";
import { findCheckpoint, loadFirstValues, saveCheckpoint } from "../checkpoint.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import type { TrainState } from "../events.ts";
import { reportParameters } from "../parameter-report.ts";
import { openRunFolder, type RunFolder, removeStart, runFolder } from "../run-folder.ts";
import { type JobNotice, type JobOptions, type JobResult, measureTest, restoreLatest } from "../run-job.ts";
import type { CascadeRunConfig, ResolvedCascade } from "./cascade-config.ts";
import { openCascadeLog } from "./cascade-log.ts";
import { buildCascade, cascadeEntries, cascadeParameters } from "./cascade-program.ts";
import { evaluateCascade } from "./evaluate-cascade.ts";
import { loadLists, saveLists } from "./lists-file.ts";
import { assertPhasesFit } from "./phase-memory.ts";
import { readLogged } from "./space-lists.ts";
import { type CascadeEvent, trainCascade } from "./train-cascade.ts";

/** What a cascade's run reports beside its training events. */
export type CascadeNotice =
  | CascadeEvent
  | JobNotice
  | {
      readonly kind: "logged";
      readonly space: string;
      readonly requests: number;
      /** Requests left out: their user has no training row. */
      readonly unknownUsers: number;
      /** Items left out: the data do not have them. */
      readonly unknownItems: number;
    }
  | {
      readonly kind: "evaluation";
      readonly part: "validation" | "test";
      readonly evaluation: Evaluation;
      readonly seconds: number;
      readonly best: boolean;
      readonly round: number;
      readonly state: TrainState;
    };

export type CascadeOptions = JobOptions<ResolvedCascade>;
export type CascadeResult = JobResult<"done">;

/**
 * Trains a cascade over its sample spaces, phase by phase, in a run folder, and measures the test part once at the end.
 *
 * @throws {ConfigError} settings, folder or resume do not fit. @throws {DataError} data or a file break their contract.
 */
export async function* executeCascade(options: CascadeOptions): AsyncGenerator<CascadeNotice, CascadeResult> {
  const { resolved, out, native, environment, resume = false, files } = options;
  const { config, folder: base } = resolved;
  const { folder, release } = await openRunFolder(out, {
    config: { folder: base, cascade: config },
    environment,
    resume,
    ...(files && { files }),
  });
  let program: Program | undefined;
  let began = resume;
  try {
    const started = performance.now();
    const dataset = await openDataset(config.data, { baseDir: base });
    const { fingerprint, report } = dataset;
    yield { kind: "data", report, fingerprint, seconds: (performance.now() - started) / 1000 };
    await writeJson(folder.encoding, dataset.encoding, folder.files);
    await writeJson(folder.dataReport, { fingerprint, ...report }, folder.files);
    const models = buildCascade(config, dataset.features);
    if (!native?.gpu) assertPhasesFit(config, models, dataset.items.size);
    program = createProgram(cascadeParameters(config, models), cascadeEntries(config, models, dataset.items.size), {
      native,
      seed: config.seed,
    });
    await loadStarts(program, resolved);
    const reports = await reportParameters(program, [...models.keys()]);
    const from = await restoreLatest({ folder, program, dataset }, resume);
    yield { kind: "models", models: reports, resumedFrom: resume ? from.step : undefined };
    began = true;
    const { reason, state } = yield* trainWithCheckpoints(options, { folder, program, dataset, config, from });
    const test =
      reason === "interrupted" ? undefined : yield* testOnce({ folder, program, dataset, config, from: state });
    const seconds = (performance.now() - started) / 1000;
    const result: CascadeResult = { folder: out, reason, steps: state.step, seconds, test, models: reports };
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
  readonly config: CascadeRunConfig;
  readonly from: TrainState;
}

/** Gives stages the weights of earlier runs' stages of the same name. */
async function loadStarts(program: Program, { config, folder: base }: ResolvedCascade): Promise<void> {
  for (const [stage, { run }] of Object.entries(config.start)) {
    const path = resolve(base, run);
    const folder = runFolder(path);
    const checkpoint = (await findCheckpoint(folder, "best")) ?? (await findCheckpoint(folder, "latest"));
    if (checkpoint === undefined)
      throw new ConfigError(`start.${stage}.run: run must have a checkpoint, got none in ${path}`);
    const loaded = await loadFirstValues(checkpoint, program, { only: (name) => name.startsWith(`${stage}/`) });
    if (loaded === 0)
      throw new ConfigError(`start.${stage}.run: run must have a stage "${stage}", got none in ${path}`);
  }
}

async function* trainWithCheckpoints(
  { resolved, signal, resume = false }: CascadeOptions,
  { folder, program, dataset, config, from }: Parts,
): AsyncGenerator<CascadeNotice, { readonly reason: CascadeResult["reason"]; readonly state: TrainState }> {
  const log = await openCascadeLog(folder, {
    every: config.logEvery,
    resumeStep: resume ? from.step : undefined,
  });
  const logged = await readLogged(config, resolved.folder, dataset);
  for (const [space, { rows, unknownUsers, unknownItems }] of logged)
    yield { kind: "logged", space, requests: rows.length, unknownUsers, unknownItems };
  const training = trainCascade({
    program,
    dataset,
    config,
    from,
    signal,
    logged,
    lists: await loadLists(folder, Object.keys(config.spaces)),
  });
  // The best value belongs to evaluations, which trainCascade knows nothing of.
  let { best, sinceBest } = from;
  let saved = from.step;
  let reason: CascadeResult["reason"] = "done";
  try {
    for (;;) {
      const { value, done } = await training.next();
      if (done) return { reason, state: { ...value, best, sinceBest } };
      if (value.kind === "end") ({ reason } = value);
      if (value.kind === "lists") await saveLists(folder, value.space, value.lists);
      await log.record(value);
      yield value;
      if (value.kind !== "phase" && value.kind !== "end") continue;
      let isBest = false;
      if (value.kind === "phase" && value.endsRound && dataset.parts.validation !== undefined) {
        const evaluated = await evaluateRound({
          folder,
          program,
          dataset,
          config,
          from: { ...value.state, best, sinceBest },
        });
        ({ best, sinceBest } = evaluated.state);
        isBest = evaluated.best;
        const event = { ...evaluated, part: "validation", kind: "evaluation", round: value.round } as const;
        await log.record(event);
        yield event;
      }
      if (value.state.step === saved && !isBest) continue;
      const path = await saveCheckpoint(folder, program, {
        state: { ...value.state, best, sinceBest },
        dataFingerprint: dataset.fingerprint,
        best: isBest,
        keepLast: config.keepLast,
        isSaved: value.state.step === saved,
      });
      saved = value.state.step;
      yield { kind: "checkpoint", path, step: saved, best: isBest };
    }
  } finally {
    await training.return(from);
    await log.close();
  }
}

async function evaluateRound({ program, dataset, config, from }: Parts): Promise<{
  readonly evaluation: Evaluation;
  readonly seconds: number;
  readonly best: boolean;
  readonly state: TrainState;
}> {
  const started = performance.now();
  const evaluation = await evaluateCascade(program, dataset, config, "validation");
  const { monitor } = config.evaluate;
  const value = monitor === undefined ? null : monitoredMetric(evaluation, monitor);
  const best = value !== null && (from.best === null || value > from.best);
  const state = { ...from, best: best ? value : from.best, sinceBest: best ? 0 : from.sinceBest + 1 };
  return { evaluation, seconds: (performance.now() - started) / 1000, best, state };
}

/** @throws {ConfigError} the evaluation has no such metric. */
function monitoredMetric(evaluation: Evaluation, monitor: string): number | null {
  const cut = monitor.indexOf("/");
  const value = evaluation[monitor.slice(0, cut)]?.[monitor.slice(cut + 1)];
  if (value !== undefined) return value;
  const known = Object.entries(evaluation).flatMap(([name, metrics]) =>
    Object.keys(metrics).map((metric) => `${name}/${metric}`),
  );
  throw new ConfigError(`evaluate.monitor: must be one of ${known.join(", ")}, got "${monitor}"`);
}

async function* testOnce(parts: Parts): AsyncGenerator<CascadeNotice, Evaluation | undefined> {
  const { folder, program, dataset, config, from: state } = parts;
  if (dataset.parts.test === undefined) return undefined;
  const { evaluation, seconds } = await measureTest(
    { folder, program },
    {
      step: state.step,
      isMonitored: config.evaluate.monitor !== undefined,
      measure: () => evaluateCascade(program, dataset, config, "test"),
    },
  );
  yield { kind: "evaluation", part: "test", evaluation, seconds, best: false, round: config.rounds, state };
  return evaluation;
}
