import type { NativeEngine } from "../../src/engine/native.ts";
import type { ParameterTree } from "../../src/engine/parameters.ts";
import { createProgram } from "../../src/engine/program.ts";
import type { TrainEntry } from "../../src/engine/step.ts";
import { type Contender, localContender } from "../contender.ts";
import { BATCHES, stepBatches } from "./batches.ts";
import { RATES } from "./joint-model.ts";
import { plainTfjs } from "./plain-tfjs.ts";

/** Milliseconds of making the program and of its first step, capture included. */
export interface StartUp {
  readonly create: number;
  readonly firstStep: number;
  readonly capture: number;
}

export interface ReplayContender extends Contender {
  readonly startUp: StartUp;
}

/** The step through createProgram, replayed. */
export function replayContender<P extends ParameterTree>(
  native: NativeEngine,
  name: string,
  { parameters, entry, batch, rows }: { parameters: P; entry: TrainEntry<P>; batch: number; rows: number },
): ReplayContender {
  const batches = stepBatches(batch, rows);
  const started = performance.now();
  const program = createProgram(parameters, { train: entry }, { native });
  const created = performance.now();
  const step = (k: number): number => program.train("train", { batch: batches[k % BATCHES]!, rates: RATES }).loss;
  step(0);
  const startUp = {
    create: created - started,
    firstStep: performance.now() - created,
    capture: program.captures[0]!.milliseconds,
  };
  return { ...localContender(name, step, program.close), startUp };
}

/** The joint step in plain tfjs-node. */
export function plainContender(batch: number, rows: number): Contender {
  const batches = stepBatches(batch, rows);
  const { step, dispose } = plainTfjs(rows);
  return localContender("plain tfjs-node", (k) => step(batches[k % BATCHES]!), dispose);
}
