import { join } from "node:path";
import { nodeFiles } from "../../files/file-layer.ts";
import { readJson } from "../../files/json-file.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import type { PermutedEvaluation } from "../evaluation/permute.ts";
import { type ExecutePlanOptions, type RunOutcome, shellCommand } from "./execute-plan.ts";

/** A base run of one seed with a column permuted. */
export interface PermutedOutcome {
  readonly column: string;
  readonly seed: number;
  readonly command: string;
  /** Means over the permutations; the error where the command failed. */
  readonly evaluation: Evaluation | { readonly error: string };
}

export interface PermuteRunsOptions extends Pick<ExecutePlanOptions, "runCommand" | "device" | "signal" | "files"> {
  readonly columns: readonly string[];
  readonly repeats: number;
  /** Seed of the permutations. */
  readonly seed: number;
  readonly onDone?: (seed: number) => void;
}

/** What `twinstill evaluate --permute` writes. */
export interface PermutedFile {
  readonly repeats: number;
  readonly seed: number;
  readonly columns: readonly PermutedEvaluation[];
}

/** Measures the finished runs of the base with each column permuted, a command a run; what was measured is kept. */
export async function permuteRuns(
  base: readonly RunOutcome[],
  options: PermuteRunsOptions,
): Promise<readonly PermutedOutcome[]> {
  const all: PermutedOutcome[] = [];
  for (const outcome of base) {
    if (outcome.kind === "failed" || options.signal?.aborted || options.columns.length === 0) continue;
    all.push(...(await permuteRun(outcome, options)));
    options.onDone?.(outcome.run.seed);
  }
  return all;
}

async function permuteRun(
  { run, folder }: Extract<RunOutcome, { kind: "done" }>,
  { columns, repeats, seed, runCommand, device, signal, files = nodeFiles }: PermuteRunsOptions,
): Promise<readonly PermutedOutcome[]> {
  const file = join(folder, "eval", "permuted-test.json");
  const args = (names: readonly string[]): string[] => [
    ...["evaluate", "--run", folder, "--device", device, "--permute", ...names],
    ...["--repeats", String(repeats), "--seed", String(seed)],
  ];
  const known = await storedColumns(file, { columns, repeats, seed, files });
  const error = known === undefined ? await runCommand([...args(columns), "--quiet"], signal) : undefined;
  const found =
    known ?? (error === undefined ? await storedColumns(file, { columns, repeats, seed, files }) : undefined);
  return columns.map((column) => {
    const own = found?.find((entry) => entry.column === column);
    const evaluation = own === undefined ? { error: error ?? "nothing was written" } : meanEvaluation(own.evaluations);
    return { column, seed: run.seed, command: shellCommand(args([column])), evaluation };
  });
}

/** The stored measurement where it is of these columns, repeats and seed. */
async function storedColumns(
  file: string,
  wanted: Required<Pick<PermuteRunsOptions, "columns" | "repeats" | "seed" | "files">>,
): Promise<readonly PermutedEvaluation[] | undefined> {
  if (!(await wanted.files.exists(file))) return undefined;
  const stored = (await readJson(file, wanted.files)) as PermutedFile;
  const names = stored.columns.map(({ column }) => column);
  const fits =
    stored.repeats === wanted.repeats &&
    stored.seed === wanted.seed &&
    wanted.columns.every((name) => names.includes(name));
  return fits ? stored.columns : undefined;
}

/** Mean of each metric; null where one of the permutations leaves it undefined. */
export function meanEvaluation(evaluations: readonly Evaluation[]): Evaluation {
  const [first = {}] = evaluations;
  return Object.fromEntries(
    Object.entries(first).map(([model, metrics]) => [
      model,
      Object.fromEntries(
        Object.keys(metrics).map((metric) => {
          return [metric, meanOf(evaluations.map((evaluation) => evaluation[model]?.[metric] ?? null))];
        }),
      ),
    ]),
  );
}

/** Of equal values the very value: a rounded sum would show a gain where there is none. */
function meanOf(values: readonly (number | null)[]): number | null {
  if (values.every((value) => value === values[0])) return values[0] ?? null;
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : known.reduce((sum, value) => sum + value, 0) / values.length;
}
