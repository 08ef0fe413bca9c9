import { ConfigError } from "../errors.ts";

/** What ends a stage of training. */
export type StageEnd =
  /** A number of steps. */
  | { readonly kind: "steps"; readonly steps: number }
  /** A number of whole epochs. */
  | { readonly kind: "epochs"; readonly epochs: number }
  /** A metric has not got better by more than `least` for `patience` evaluations. */
  | { readonly kind: "plateau"; readonly mode: "max" | "min"; readonly patience: number; readonly least: number }
  /** The mean loss of a window of steps is not below that of the window before by more than the tolerance's share. */
  | { readonly kind: "loss-plateau"; readonly window: number; readonly tolerance: number };

/** One stage; the last has no end. */
export interface Stage {
  readonly name: string;
  readonly until?: StageEnd | undefined;
}

/** Where a curriculum stands: plain JSON, for checkpoints. */
export interface StageState {
  /** Number of the stage, from 0. */
  readonly index: number;
  /** Steps and whole epochs of the stage so far. */
  readonly steps: number;
  readonly epochs: number;
  /** Best value of a plateau's metric, and evaluations since. */
  readonly best: number | null;
  readonly sinceBest: number;
  /** Sum of the losses of the window that is being filled, and the mean of the one before. */
  readonly lossSum: number;
  readonly lossBefore: number | null;
}

/** What a curriculum looks at. */
export type StageEvent =
  | { readonly kind: "step"; readonly loss: number }
  | { readonly kind: "epoch" }
  | { readonly kind: "evaluation"; readonly value: number | null };

/** The beginning of a stage. */
export function stageStart(index = 0): StageState {
  return { index, steps: 0, epochs: 0, best: null, sinceBest: 0, lossSum: 0, lossBefore: null };
}

/**
 * The state after an event: the next stage's beginning where the event ends the stage.
 *
 * Source: the two-stage curriculum of Liu et al. (KDD 2021), Que2Search, section 3.3: the second stage only after the first
 * has converged.
 *
 * @throws {ConfigError} the state belongs to other stages.
 */
export function advanceStage(stages: readonly Stage[], state: StageState, event: StageEvent): StageState {
  const stage = stages[state.index];
  if (stage === undefined)
    throw new ConfigError(`advanceStage: state must be of one of ${stages.length} stages, got stage ${state.index}`);
  if (stage.until === undefined) return counted(state, event);
  const next = noted(stage.until, counted(state, event), event);
  return hasEnded(stage.until, next, event) ? stageStart(state.index + 1) : settled(stage.until, next, event);
}

function counted(state: StageState, event: StageEvent): StageState {
  if (event.kind === "step") return { ...state, steps: state.steps + 1 };
  return event.kind === "epoch" ? { ...state, epochs: state.epochs + 1 } : state;
}

/** Takes in what the stage's end is measured by. */
function noted(until: StageEnd, state: StageState, event: StageEvent): StageState {
  if (until.kind === "loss-plateau" && event.kind === "step") return { ...state, lossSum: state.lossSum + event.loss };
  if (until.kind !== "plateau" || event.kind !== "evaluation" || event.value === null) return state;
  const { mode, least } = until;
  const gain = state.best === null ? Number.POSITIVE_INFINITY : (event.value - state.best) * (mode === "max" ? 1 : -1);
  return gain > least ? { ...state, best: event.value, sinceBest: 0 } : { ...state, sinceBest: state.sinceBest + 1 };
}

function hasEnded(until: StageEnd, state: StageState, event: StageEvent): boolean {
  switch (until.kind) {
    case "steps":
      return event.kind === "step" && state.steps >= until.steps;
    case "epochs":
      return event.kind === "epoch" && state.epochs >= until.epochs;
    case "plateau":
      return event.kind === "evaluation" && state.sinceBest >= until.patience;
    case "loss-plateau": {
      const { lossBefore } = state;
      if (!isWindowFull(until, state, event) || lossBefore === null) return false;
      return lossBefore - state.lossSum / until.window <= until.tolerance * Math.abs(lossBefore);
    }
  }
}

function isWindowFull({ window }: { readonly window: number }, { steps }: StageState, event: StageEvent): boolean {
  return event.kind === "step" && steps % window === 0;
}

/** A full window becomes the one to be compared with. */
function settled(until: StageEnd, state: StageState, event: StageEvent): StageState {
  if (until.kind !== "loss-plateau" || !isWindowFull(until, state, event)) return state;
  return { ...state, lossSum: 0, lossBefore: state.lossSum / until.window };
}
