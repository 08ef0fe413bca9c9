import type { StepReport } from "../engine/program.ts";
import type { EvaluatedPart, Evaluation } from "./evaluate.ts";

/** Where training stands. */
export interface Position {
  /** Steps done. */
  readonly step: number;
  /** Epochs begun, from 0, and batches of this epoch that are done. */
  readonly epoch: number;
  readonly index: number;
}

/** What a run reports while it goes on; logs, checkpoints and progress bars are made from these. */
export type RunEvent =
  | ({ readonly kind: "step"; readonly totalSteps: number; readonly rows: number; readonly waitMs: number; readonly stepMs: number } & Position & StepReport)
  | ({ readonly kind: "epoch" } & Position)
  | ({ readonly kind: "evaluation"; readonly part: EvaluatedPart; readonly evaluation: Evaluation; readonly seconds: number; readonly best: boolean } & Position)
  | ({ readonly kind: "end"; readonly reason: "done" | "patience" | "interrupted" } & Position);
