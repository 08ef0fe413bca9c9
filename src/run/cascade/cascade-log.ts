import { join } from "node:path";
import { keepJsonLines, openJsonLines } from "../formats/json-lines.ts";
import type { RunFolder } from "../run-folder.ts";
import { openScalarLog } from "../run-log.ts";
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
  const { files } = folder;
  const path = join(folder.path, "phases.jsonl");
  if (resumeStep !== undefined && (await files.exists(path)))
    await keepJsonLines(path, ({ step }) => typeof step === "number" && step <= resumeStep, { files });
  const scalars = await openScalarLog(folder, resumeStep);
  const phases = await openJsonLines(path, { files });
  let parts = emptyParts();
  return {
    record: async (event) => {
      const { step } = event.state;
      if (event.kind === "step") {
        parts.waitSeconds += event.waitMs / 1000;
        parts.stepSeconds += event.stepMs / 1000;
        if (step % every === 0) await scalars.scalars(step, stepScalars(event));
      } else if (event.kind === "lists") {
        const { seconds, exposedShare, changedShare, lists } = event;
        parts.lists[event.space] = { seconds, exposedShare, changedShare, builtAtStep: lists.builtAt.step };
      } else if (event.kind === "tutors") parts.tutorSeconds += event.seconds;
      else if (event.kind === "evaluation") {
        if (event.part === "validation") await scalars.scalars(step, evaluationScalars(event));
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

function stepScalars({ loss, parts, gradientNorms, waitMs, stepMs, rows, round }: Extract<Logged, { kind: "step" }>) {
  const named = (prefix: string, values: Readonly<Record<string, number>>): [string, number][] =>
    Object.entries(values).map(([name, value]) => [`${prefix}/${name}`, value]);
  return {
    round,
    "loss/total": loss,
    ...Object.fromEntries([...named("loss", parts), ...named("gradientNorm", gradientNorms)]),
    rowsPerSecond: rows / ((waitMs + stepMs) / 1000),
    dataWaitShare: waitMs / (waitMs + stepMs),
  };
}

function evaluationScalars({ evaluation, round }: Extract<Logged, { kind: "evaluation" }>) {
  const entries = Object.entries(evaluation).flatMap(([model, metrics]) =>
    Object.entries(metrics).map(([name, value]) => [`val/${model}/${name}`, value] as const),
  );
  return { round, ...Object.fromEntries(entries) };
}
