import { join } from "node:path";
import type { RunFolder } from "../run-folder.ts";
import { evaluationScalars, openScalarLog, openStepLines, stepScalars, stepTimes } from "../run-log.ts";
import type { CascadeNotice } from "./execute-cascade.ts";

type Logged = Extract<CascadeNotice, { kind: "step" | "phase" | "lists" | "tutors" | "stale" | "evaluation" | "end" }>;

/** Writes a cascade's numbers: steps and metrics as every run does, and a line for each phase in phases.jsonl. */
export interface CascadeLog {
  readonly record: (event: Logged) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface CascadeLogOptions {
  /** Steps between logged training steps. */
  readonly every: number;
  /** Steps that a resumed run has done; lines of later ones are dropped. */
  readonly resumeStep: number | undefined;
}

/** Seconds of the parts of a phase, and what its lists were. */
interface PhaseParts {
  readonly lists: Record<
    string,
    {
      readonly seconds: number;
      readonly builtAtStep: number;
      readonly exposedShare: number;
      readonly changedShare: number | null;
    }
  >;
  tutorSeconds: number;
  waitSeconds: number;
  stepSeconds: number;
}

/** Opens the logs of a cascade's run folder. */
export async function openCascadeLog(folder: RunFolder, { every, resumeStep }: CascadeLogOptions): Promise<CascadeLog> {
  const scalars = await openScalarLog(folder, resumeStep);
  const phases = await openStepLines(join(folder.path, "phases.jsonl"), resumeStep, folder);
  const times = stepTimes();
  let parts = emptyParts();
  return {
    record: async (event) => {
      const { step } = event.state;
      if (event.kind === "step") {
        parts.waitSeconds += event.waitMs / 1000;
        parts.stepSeconds += event.stepMs / 1000;
        times.add(event);
        if (step % every === 0)
          await scalars.scalars(step, { round: event.round, ...stepScalars(event, {}), ...times.take() });
      } else if (event.kind === "lists") {
        const { seconds, exposedShare, changedShare, lists } = event;
        parts.lists[event.space] = { seconds, exposedShare, changedShare, builtAtStep: lists.builtAt.step };
      } else if (event.kind === "tutors") parts.tutorSeconds += event.seconds;
      else if (event.kind === "evaluation") {
        const { part, round, evaluation } = event;
        if (part === "validation") await scalars.scalars(step, { round, ...evaluationScalars(evaluation) });
      } else if (event.kind === "phase") {
        const { phase, round, seconds, steps } = event;
        await phases.append({ step, phase, round, seconds, steps, ...parts });
        parts = emptyParts();
        await Promise.all([scalars.sync(), phases.sync()]);
      }
    },
    close: async () => {
      await scalars.close();
      await phases.close();
    },
  };
}

const emptyParts = (): PhaseParts => ({ lists: {}, tutorSeconds: 0, waitSeconds: 0, stepSeconds: 0 });
