import type { ValuesByUser } from "../evaluation/user-metrics.ts";
import type { RunResult } from "../execute-run.ts";
import { BASE } from "./axes.ts";
import type { Settings } from "./controls.ts";
import { type RunOutcome, shellCommand } from "./execute-plan.ts";
import type { PermutedOutcome } from "./permuted-rows.ts";
import type { RowKind } from "./plan.ts";

/** What a row was measured to be under one seed. */
export interface MeasuredSeed {
  readonly seed: number;
  readonly command: string;
  /** `student/recall@10`: null where undefined, failed, or not measured. */
  readonly metric: (name: string) => number | null;
  readonly users: ReadonlyMap<string, ValuesByUser>;
  /** The run's own; undefined where the row has no runs of its own. */
  readonly result?: RunResult;
  readonly folder?: string;
  readonly error?: string;
}

/** A row of the result before it is compared. */
export interface MeasuredRow {
  readonly variant: string;
  readonly kind: RowKind;
  readonly settings: Settings;
  readonly seeds: readonly MeasuredSeed[];
}

export interface MeasuredInput {
  readonly outcomes: readonly RunOutcome[];
  readonly permuted?: readonly PermutedOutcome[];
  readonly showsTeacher?: boolean;
}

/** Rows by variant in the order of their runs: the base first; after the runs the teacher, and the permuted columns. */
export function measuredRows({ outcomes, permuted = [], showsTeacher = false }: MeasuredInput): readonly MeasuredRow[] {
  const names = [...new Set(outcomes.map(({ run }) => run.variant))];
  const rows = names.map((variant): MeasuredRow => {
    const own = outcomes.filter(({ run }) => run.variant === variant);
    const { kind, settings } = own[0]!.run;
    return { variant, kind, settings, seeds: own.map(measuredSeed) };
  });
  const base = rows.find(({ variant }) => variant === BASE);
  return [...rows, ...(showsTeacher && base ? [teacherRow(base)] : []), ...permutedRows(permuted)];
}

function measuredSeed(outcome: RunOutcome): MeasuredSeed {
  const { run, command } = outcome;
  if (outcome.kind === "failed")
    return { seed: run.seed, command, metric: () => null, users: new Map(), error: outcome.error };
  const { result, users } = outcome;
  const { folder } = outcome;
  return { seed: run.seed, command, metric: (name) => metricOf(result.test, name), users, result, folder };
}

function metricOf(evaluation: RunResult["test"], name: string): number | null {
  const [model, ...rest] = name.split("/");
  return evaluation?.[model!]?.[rest.join("/")] ?? null;
}

/** The teacher's metrics in the base's runs, in the student's place. */
function teacherRow({ seeds }: MeasuredRow): MeasuredRow {
  const teachers = (name: string): string => name.replace(/^student\//, "teacher/");
  return {
    variant: "teacher",
    kind: "control",
    settings: {},
    seeds: seeds.map(({ result: _, folder, users, ...seed }) => ({
      ...seed,
      ...(folder !== undefined && { command: shellCommand(["evaluate", "--run", folder]) }),
      metric: (name) => seed.metric(teachers(name)),
      users: new Map(
        [...users.keys()].flatMap((name) => {
          const values = users.get(teachers(name));
          return values === undefined ? [] : [[name, values] as const];
        }),
      ),
    })),
  };
}

function permutedRows(permuted: readonly PermutedOutcome[]): readonly MeasuredRow[] {
  return [...new Set(permuted.map(({ column }) => column))].map((column) => ({
    variant: `permuted-${column}`,
    kind: "permuted",
    settings: {},
    seeds: permuted.flatMap(({ column: name, seed, command, evaluation }): readonly MeasuredSeed[] => {
      if (name !== column) return [];
      if (typeof evaluation.error === "string")
        return [{ seed, command, metric: () => null, users: new Map(), error: evaluation.error }];
      const test = evaluation as RunResult["test"];
      return [{ seed, command, metric: (metric) => metricOf(test, metric), users: new Map() }];
    }),
  }));
}
