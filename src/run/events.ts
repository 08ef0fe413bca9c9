import type { StageState } from "../distill/curriculum.ts";
import type { BalanceState } from "../distill/gradient-balance.ts";
import type { Rates, StepReport } from "../engine/program.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { EvaluatedPart, Evaluation } from "./evaluation/evaluate.ts";

/** Where training stands, and what early stopping has seen: what a checkpoint keeps beside the weights. */
export interface TrainState {
  /** Steps done. */
  readonly step: number;
  /** The next batch: its epoch, from 0, and its number in the epoch. */
  readonly epoch: number;
  readonly index: number;
  /** Best value of the monitored metric. */
  readonly best: number | null;
  /** Evaluations since the best one. */
  readonly sinceBest: number;
  /** Where the stages stand, in a run with stages. */
  readonly stage?: StageState;
  /** Weights found by balancing gradients. */
  readonly balance?: BalanceState;
}

/** Seconds from the run's start to its first training step's end, and what the data and the step's capture took of them. */
export interface StartUp {
  readonly seconds: number;
  readonly dataSeconds: number;
  /** 0 where steps are not captured. */
  readonly captureSeconds: number;
}

/** Before the first step. */
export const trainStart: TrainState = { step: 0, epoch: 0, index: 0, best: null, sinceBest: 0 };

interface At {
  readonly step: number;
  readonly state: TrainState;
}

/** What training reports while it goes on; logs, checkpoints and progress bars are made from these. */
export type RunEvent =
  | ({
      readonly kind: "step";
      readonly totalSteps: number;
      readonly epoch: number;
      readonly rows: number;
      readonly waitMs: number;
      readonly stepMs: number;
      /** Learning rates that the step was made with, by group. */
      readonly rates: Readonly<Record<string, Rates>>;
    } & At &
      StepReport)
  /** A stage of training begins; step is the last one before it. */
  | ({ readonly kind: "stage"; readonly name: string } & At)
  /** Gradients of the student's terms before the step. */
  | ({ readonly kind: "diagnosis" } & Diagnosis & At)
  | ({ readonly kind: "epoch"; readonly epochs: number } & At)
  | ({
      readonly kind: "evaluation";
      readonly part: EvaluatedPart;
      readonly evaluation: Evaluation;
      readonly seconds: number;
      /** The monitored metric is better than ever. */
      readonly best: boolean;
    } & At)
  | ({ readonly kind: "end"; readonly reason: "done" | "patience" | "interrupted" } & At);
