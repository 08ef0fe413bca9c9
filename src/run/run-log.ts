import type { Rates, StepReport } from "../engine/program.ts";
import type { Evaluation } from "./evaluation/evaluate.ts";
import type { RunEvent, StartUp } from "./events.ts";
import { type JsonLinesWriter, type JsonRecord, keepJsonLines, openJsonLines } from "./formats/json-lines.ts";
import { type EventWriter, openEventWriter } from "./formats/tensorboard.ts";
import type { RunFolder } from "./run-folder.ts";

/** Writes a run's numbers to metrics.jsonl and to TensorBoard's event files. */
export interface RunLog {
  readonly record: (event: RunEvent) => Promise<void>;
  /** Seconds that the start took, beside the first step. */
  readonly start: (step: number, startUp: StartUp) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface RunLogOptions {
  /** Steps between logged training steps. */
  readonly every: number;
  /** Steps that a resumed run has done; lines of later ones are dropped. */
  readonly resumeStep?: number | undefined;
  /** The resumed run measures that step again: what was logged of it is dropped too. */
  readonly redoesEvaluation?: boolean;
}

/** Numbers by step: a line in metrics.jsonl and TensorBoard scalars. */
export interface ScalarLog {
  readonly scalars: (step: number, values: Readonly<Record<string, number | null>>) => Promise<void>;
  readonly sync: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a file of lines by step; lines of steps after `resumeStep` are dropped, and its own evaluation where that is redone. */
export async function openStepLines(
  path: string,
  resumeStep: number | undefined,
  { files, redoesEvaluation = false }: { readonly files: RunFolder["files"]; readonly redoesEvaluation?: boolean },
): Promise<JsonLinesWriter> {
  const isRedone = (line: JsonRecord): boolean =>
    redoesEvaluation && line.step === resumeStep && Object.keys(line).some((name) => name.startsWith("val/"));
  if (resumeStep !== undefined && (await files.exists(path)))
    await keepJsonLines(path, (line) => typeof line.step === "number" && line.step <= resumeStep && !isRedone(line), {
      files,
    });
  return openJsonLines(path, { files });
}

/** Opens a run's metrics.jsonl and event file; lines of steps after `resumeStep` are dropped. */
export async function openScalarLog(
  folder: RunFolder,
  resumeStep: number | undefined,
  redoesEvaluation = false,
): Promise<ScalarLog> {
  const { files } = folder;
  const lines = await openStepLines(folder.metrics, resumeStep, { files, redoesEvaluation });
  const events = await openEventWriter(folder.events, {
    files,
    ...(resumeStep !== undefined && { resumeStep: resumeStep + 1 }),
  }).catch(async (error: unknown) => {
    await lines.close();
    throw error;
  });
  return {
    scalars: (step, values) => recordScalars(lines, events, step, values),
    sync: async () => {
      await Promise.all([lines.sync(), events.sync()]);
    },
    close: async () => {
      await lines.close();
      await events.close();
    },
  };
}

/** Opens the log of a run folder. */
export async function openRunLog(
  folder: RunFolder,
  { every, resumeStep, redoesEvaluation }: RunLogOptions,
): Promise<RunLog> {
  const log = await openScalarLog(folder, resumeStep, redoesEvaluation);
  const times = stepTimes();
  return {
    start: (step, { seconds, dataSeconds, captureSeconds }) =>
      log.scalars(step, {
        "startUp/firstStep": seconds,
        "startUp/data": dataSeconds,
        "startUp/capture": captureSeconds,
      }),
    record: async (event) => {
      if (event.kind === "step") times.add(event);
      if (event.kind === "step" && event.step % every === 0)
        await log.scalars(event.step, {
          epoch: event.epoch,
          ...stepScalars(event, denseOf(event.rates)),
          ...times.take(),
        });
      if (event.kind === "diagnosis") await log.scalars(event.step, diagnosisScalars(event));
      if (event.kind === "evaluation") await log.scalars(event.step, evaluationScalars(event.evaluation));
      if (event.kind === "epoch" || event.kind === "end") await log.sync();
    },
    close: log.close,
  };
}

async function recordScalars(
  lines: JsonLinesWriter,
  events: EventWriter,
  step: number,
  scalars: Readonly<Record<string, number | null>>,
): Promise<void> {
  await lines.append({ step, ...scalars });
  const defined = Object.entries(scalars).filter((entry): entry is [string, number] => entry[1] !== null);
  await events.scalars(step, Object.fromEntries(defined));
}

function denseOf(rates: Readonly<Record<string, Rates>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(rates).map(([group, { dense }]) => [group, dense]));
}

/** A step's losses, gradient norms and rates, each under its prefix. */
export function stepScalars(
  { loss, parts, gradientNorms }: StepReport,
  rates: Readonly<Record<string, number>>,
): Record<string, number> {
  const named = (prefix: string, values: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(values).map(([name, value]) => [
      name.startsWith("learnedWeight/") ? name : `${prefix}/${name}`,
      value,
    ]);
  return {
    "loss/total": loss,
    ...Object.fromEntries([...named("loss", parts), ...named("gradientNorm", gradientNorms), ...named("rate", rates)]),
  };
}

type StepTiming = Pick<Extract<RunEvent, { kind: "step" }>, "rows" | "waitMs" | "stepMs">;

/** Rates since the last logged step. The first step of a process, which is captured, counts only where it is logged alone. */
export function stepTimes() {
  let sums = { rows: 0, waitMs: 0, stepMs: 0 };
  let steps = 0;
  return {
    add: ({ rows, waitMs, stepMs }: StepTiming): void => {
      steps++;
      sums =
        steps <= 2
          ? { rows, waitMs, stepMs }
          : { rows: sums.rows + rows, waitMs: sums.waitMs + waitMs, stepMs: sums.stepMs + stepMs };
    },
    /** Rows a second, and the share of the time that steps waited for their batches. */
    take: (): Readonly<Record<"rowsPerSecond" | "dataWaitShare", number>> => {
      const { rows, waitMs, stepMs } = sums;
      sums = { rows: 0, waitMs: 0, stepMs: 0 };
      return { rowsPerSecond: rows / ((waitMs + stepMs) / 1000), dataWaitShare: waitMs / (waitMs + stepMs) };
    },
  };
}

function diagnosisScalars({ norms, cosine }: Extract<RunEvent, { kind: "diagnosis" }>): Record<string, number | null> {
  const named = Object.entries(norms).map(([name, norm]) => [`termGradientNorm/${name}`, norm]);
  return { ...Object.fromEntries(named), "gradientCosine/hard-distill": cosine };
}

/** The metrics of a validation, by model. */
export function evaluationScalars(evaluation: Evaluation): Record<string, number | null> {
  const entries = Object.entries(evaluation).flatMap(([model, metrics]) =>
    Object.entries(metrics).map(([name, value]) => [`val/${model}/${name}`, value] as const),
  );
  return Object.fromEntries(entries);
}
