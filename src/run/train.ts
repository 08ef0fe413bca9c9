import { batchesPerEpoch } from "../data/batch.ts";
import type { Dataset } from "../data/dataset.ts";
import { streamBatches } from "../data/stream-batches.ts";
import type { Program } from "../engine/program.ts";
import { DataError } from "../errors.ts";
import { batchSpecOf } from "./batch-spec.ts";
import type { RunConfig } from "./config/run-config.ts";
import { evaluate } from "./evaluation/evaluate.ts";
import type { RunEvent, TrainState } from "./events.ts";
import { monitoredValue } from "./monitor.ts";
import { ratesOf } from "./optimisers.ts";
import { termWeights } from "./steps.ts";

export interface TrainOptions {
  readonly program: Program;
  readonly dataset: Dataset;
  readonly config: RunConfig;
  /** Where to go on; default: the beginning. */
  readonly from?: TrainState;
  /** Ends the run after the step in progress. */
  readonly signal?: AbortSignal;
}

export const trainStart: TrainState = { step: 0, epoch: 0, index: 0, best: null, sinceBest: 0 };

/**
 * Trains to the end of the last epoch, of patience, or until the signal; yields what happens, and stands still while
 * the consumer works. The program holds the weights.
 *
 * @throws {DataError} a loss is not finite; names the step and the term. The program then holds the weights of the step.
 */
export async function* train({
  program,
  dataset,
  config,
  from = trainStart,
  signal,
}: TrainOptions): AsyncGenerator<RunEvent, TrainState> {
  const spec = batchSpecOf(config, dataset);
  const perEpoch = batchesPerEpoch(spec);
  const { epochs, workers, patience } = config.train;
  const call = { rates: ratesOf(config), inputs: termWeights(config) };
  let state: TrainState = from;
  let waited = performance.now();
  const stream = streamBatches(dataset, spec, { from: { epoch: state.epoch, index: state.index }, epochs, workers });
  for await (const { epoch, index, batch } of stream) {
    const started = performance.now();
    const report = program.train("train", { batch, ...call });
    assertFinite(report, state.step + 1);
    const finished = performance.now();
    state = { ...state, step: state.step + 1, epoch, index: index + 1 };
    const timing = { rows: config.train.batchSize, waitMs: started - waited, stepMs: finished - started };
    yield { kind: "step", totalSteps: epochs * perEpoch, ...timing, epoch, step: state.step, state, ...report };
    if (state.index === perEpoch) {
      state = { ...state, epoch: epoch + 1, index: 0 };
      if (dataset.parts.validation !== undefined && state.epoch % config.evaluate.every === 0) {
        const evaluated = await evaluateOnValidation(program, dataset, config, state);
        state = evaluated.state;
        yield evaluated.event;
      }
      yield { kind: "epoch", epochs, step: state.step, state };
    }
    const reason = signal?.aborted ? "interrupted" : state.sinceBest >= (patience ?? Infinity) ? "patience" : undefined;
    if (reason !== undefined) {
      yield { kind: "end", reason, step: state.step, state };
      return state;
    }
    waited = performance.now();
  }
  yield { kind: "end", reason: "done", step: state.step, state };
  return state;
}

async function evaluateOnValidation(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  state: TrainState,
): Promise<{ readonly state: TrainState; readonly event: RunEvent }> {
  const started = performance.now();
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
  const seconds = (performance.now() - started) / 1000;
  return {
    state: next,
    event: { kind: "evaluation", part: "validation", evaluation, seconds, best, step: next.step, state: next },
  };
}

function assertFinite(
  { loss, parts }: { readonly loss: number; readonly parts: Readonly<Record<string, number>> },
  step: number,
): void {
  if (Number.isFinite(loss)) return;
  const bad = Object.entries(parts).filter(([, value]) => !Number.isFinite(value));
  const terms = bad.length === 0 ? "" : ` in ${bad.map(([name, value]) => `${name} = ${value}`).join(", ")}`;
  throw new DataError(
    `train: loss must be finite, got ${loss} at step ${step}${terms}; lower the rate or set clipNorm, and resume from the last checkpoint`,
  );
}
