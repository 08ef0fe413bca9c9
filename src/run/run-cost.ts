import type { Program } from "../engine/program.ts";
import type { RunConfig } from "./config/run-config.ts";

/** What a run took. */
export interface RunCost {
  /** From opening the data to the test metrics; of this process alone after a resume. */
  readonly wallSeconds: number;
  /** Training steps a second, waiting for batches included, the first step (which is captured) left out; null for one step. */
  readonly stepsPerSecond: number | null;
  /** Largest resident memory of the process so far. */
  readonly peakMemoryBytes: number;
  /** By model: two for each multiply-add of dense layers, of one user with one item. */
  readonly flopsPerScore: Readonly<Record<string, number>>;
}

/** Adds up the time of training steps. */
export interface StepClock {
  readonly add: (step: { readonly waitMs: number; readonly stepMs: number }) => void;
  readonly stepsPerSecond: () => number | null;
}

export function stepClock(): StepClock {
  let steps = 0;
  let milliseconds = 0;
  return {
    add: ({ waitMs, stepMs }) => {
      if (steps++ > 0) milliseconds += waitMs + stepMs;
    },
    stepsPerSecond: () => (steps > 1 && milliseconds > 0 ? ((steps - 1) * 1000) / milliseconds : null),
  };
}

export interface CostInput {
  readonly config: Pick<RunConfig, "teacher" | "frozenStudent" | "student">;
  readonly program: Pick<Program, "variables">;
  readonly models: readonly ("teacher" | "student")[];
  readonly clock: StepClock;
  readonly wallSeconds: number;
}

export function runCost({ config, program, models, clock, wallSeconds }: CostInput): RunCost {
  return {
    wallSeconds,
    stepsPerSecond: clock.stepsPerSecond(),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    flopsPerScore: Object.fromEntries(models.map((model) => [model, flopsPerScore(config, program, model)])),
  };
}

/**
 * Floating-point operations of one score computed from its features: 2 for each value of a dense kernel, and of the dot
 * product of the towers or the mixing of the experts. Lookups, biases, activations and norms are not counted.
 */
export function flopsPerScore(
  { teacher, frozenStudent, student }: CostInput["config"],
  { variables }: CostInput["program"],
  model: "teacher" | "student",
): number {
  const kernels = variables.filter(
    ({ name, role }) => role === "parameter" && name.startsWith(`${model}/`) && name.endsWith("/kernel"),
  );
  const layers = kernels.reduce((sum, { shape }) => sum + 2 * shape.reduce((size, side) => size * side, 1), 0);
  if (model === "teacher" && teacher !== undefined)
    return layers + 2 * 2 * teacher.experts.count * teacher.experts.units.at(-1)!;
  const towers = model === "student" ? student : frozenStudent;
  return layers + 2 * (towers?.userUnits.at(-1) ?? 0);
}
