import { batchesPerEpoch } from "../data/batch.ts";
import type { Dataset } from "../data/dataset.ts";
import { advanceStage, type StageEvent, type StageState, stageStart } from "../distill/curriculum.ts";
import { balanceGradients } from "../distill/gradient-balance.ts";
import type { Program, StepCall, StepReport } from "../engine/program.ts";
import type { RunConfig } from "./config/run-config.ts";
import { type Diagnosis, diagnose } from "./diagnose.ts";
import { type Evaluation, evaluate } from "./evaluation/evaluate.ts";
import { type RunEvent, type TrainState, trainStart } from "./events.ts";
import { monitoredValue } from "./monitor.ts";
import { needsDiagnosis, ratesOf } from "./optimisers.ts";
import type { RankingStore } from "./rankings.ts";
import { assertFiniteLoss } from "./run-job.ts";
import { termInputs } from "./term-inputs.ts";
import { trainingBatches } from "./training-batches.ts";

export interface TrainOptions {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: RunConfig;
  /** Where to go on; default: the beginning. */
  readonly from?: TrainState;
  /** Ends the run after the step in progress. */
  readonly signal?: Pick<AbortSignal, "aborted">;
  /** Keeps the rankings that negatives are drawn from; without it a run cannot go on within their epochs. */
  readonly rankings?: RankingStore;
}

/**
 * Trains to the end of the last epoch, of patience, or until the signal; yields what happens, and stands still while
 * the consumer works. The program holds the weights.
 *
 * @throws {DataError} a loss is not finite; names the step and the term. The program then holds the weights of the step.
 */
export async function* train(options: TrainOptions): AsyncGenerator<RunEvent, TrainState> {
  const { program, dataset, config, from = trainStart, signal, rankings } = options;
  const perEpoch = batchesPerEpoch({ rows: dataset.parts.train, size: config.train.batchSize });
  const { epochs, patience } = config.train;
  let state = started(config, from);
  // Stopped between an epoch's last step and its evaluation, or between the last one that patience took and the end.
  if (state.index === perEpoch) state = yield* finishEpoch(options, state);
  const isOver = (): boolean => state.sinceBest >= (patience ?? Infinity);
  if (isOver()) {
    yield { kind: "end", reason: "patience", step: state.step, state };
    return state;
  }
  let waited = performance.now();
  const stream = trainingBatches({ program, dataset, config, from: state, rankings });
  for await (const { epoch, index, batch } of stream) {
    const begun = performance.now();
    const rates = ratesOf(config, state.step);
    const call: StepCall = { batch, rates, inputs: termInputs(config, state) };
    const diagnosis = measured(program, config, call, state.step + 1);
    const report = program.train("train", call);
    assertFiniteLoss("train", report, state.step + 1);
    const finished = performance.now();
    state = { ...state, step: state.step + 1, epoch, index: index + 1 };
    if (diagnosis !== undefined) {
      state = balanced(config, state, diagnosis, report);
      if (config.train.diagnose) yield { kind: "diagnosis", ...diagnosis, step: state.step, state };
    }
    const stepped = inStages(config, state, { kind: "step", loss: report.loss });
    state = stepped.state;
    const timing = { rows: config.train.batchSize, waitMs: begun - waited, stepMs: finished - begun };
    yield { kind: "step", totalSteps: epochs * perEpoch, ...timing, rates, epoch, step: state.step, state, ...report };
    yield* stepped.events;
    if (state.index === perEpoch) state = yield* finishEpoch(options, state);
    const reason = signal?.aborted ? "interrupted" : isOver() ? "patience" : undefined;
    if (reason !== undefined) {
      yield { kind: "end", reason, step: state.step, state };
      return state;
    }
    waited = performance.now();
  }
  yield { kind: "end", reason: "done", step: state.step, state };
  return state;
}

/** A run with stages begins with the first of them. */
function started({ train: { stages } }: RunConfig, from: TrainState): TrainState {
  return stages === undefined || from.stage !== undefined ? from : { ...from, stage: stageStart() };
}

/** The gradients of the terms, in steps where they are asked for. */
function measured(program: Program, config: RunConfig, call: StepCall, step: number): Diagnosis | undefined {
  if (!needsDiagnosis(config)) return undefined;
  const { diagnose: asked, balance } = config.train;
  const due = [asked?.every, balance?.every].some((every) => every !== undefined && step % every === 0);
  return due ? diagnose(program, config, call, step) : undefined;
}

function balanced(config: RunConfig, state: TrainState, { norms }: Diagnosis, { parts }: StepReport): TrainState {
  const { balance } = config.train;
  if (balance === undefined || state.step % balance.every !== 0) return state;
  return { ...state, balance: balanceGradients(state.balance, { norms, losses: parts }, balance) };
}

interface Advanced {
  readonly state: TrainState;
  readonly events: readonly RunEvent[];
}

/** Moves the stages on, and says so where a new one begins. */
function inStages({ train: { stages } }: RunConfig, state: TrainState, event: StageEvent): Advanced {
  if (stages === undefined) return { state, events: [] };
  const before: StageState = state.stage ?? stageStart();
  const stage = advanceStage(stages, before, event);
  const next = { ...state, stage };
  if (stage.index === before.index) return { state: next, events: [] };
  return { state: next, events: [{ kind: "stage", name: stages[stage.index]!.name, step: next.step, state: next }] };
}

/** After an epoch's last step. */
async function* finishEpoch(options: TrainOptions, state: TrainState): AsyncGenerator<RunEvent, TrainState> {
  const next = yield* endOfEpoch(options, { ...state, epoch: state.epoch + 1, index: 0 });
  yield { kind: "epoch", epochs: options.config.train.epochs, step: next.step, state: next };
  return next;
}

/** Evaluates where that is due, and moves the stages on. */
async function* endOfEpoch(options: TrainOptions, after: TrainState): AsyncGenerator<RunEvent, TrainState> {
  const { program, dataset, config } = options;
  let state = after;
  const advance = function* (event: StageEvent): Generator<RunEvent> {
    const advanced = inStages(config, state, event);
    state = advanced.state;
    yield* advanced.events;
  };
  if (dataset.parts.validation !== undefined && state.epoch % config.evaluate.every === 0) {
    const evaluated = await evaluateOnValidation(program, dataset, config, state);
    state = evaluated.state;
    yield evaluated.event;
    yield* advance({ kind: "evaluation", value: plateauValue(config, state, evaluated.evaluation) });
  }
  yield* advance({ kind: "epoch" });
  return state;
}

/** What the stage's plateau is measured by. */
function plateauValue({ train: { stages } }: RunConfig, { stage }: TrainState, evaluation: Evaluation): number | null {
  const until = stages?.[stage?.index ?? 0]?.until;
  return until?.kind === "plateau" ? monitoredValue(evaluation, until) : null;
}

async function evaluateOnValidation(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  state: TrainState,
): Promise<{ readonly state: TrainState; readonly event: RunEvent; readonly evaluation: Evaluation }> {
  const begun = performance.now();
  const evaluation = await evaluate(program, dataset, config, "validation");
  const { monitor } = config.evaluate;
  const value = monitor === undefined ? null : monitoredValue(evaluation, monitor);
  const best =
    value !== null && (state.best === null || (monitor!.mode === "max" ? value > state.best : value < state.best));
  const next = {
    ...state,
    best: best ? value : state.best,
    sinceBest: best || monitor === undefined ? 0 : state.sinceBest + 1,
  };
  const seconds = (performance.now() - begun) / 1000;
  return {
    evaluation,
    state: next,
    event: { kind: "evaluation", part: "validation", evaluation, seconds, best, step: next.step, state: next },
  };
}
