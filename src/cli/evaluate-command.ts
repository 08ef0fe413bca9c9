import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { writeJson } from "../files/json-file.ts";
import { meanEvaluation, type PermutedFile } from "../run/ablation/permuted-rows.ts";
import { measure } from "../run/evaluation/evaluate.ts";
import { permutedEvaluations } from "../run/evaluation/permute.ts";
import { type OpenedRun, openRun } from "../run/open-run.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
import { columnsOf, seedOf } from "./train-command.ts";

export interface EvaluateOptions extends CommonOptions {
  readonly run: string;
  readonly part: string;
  readonly permute?: readonly string[];
  readonly repeats: string;
  readonly seed: string;
}

/** `twinstill evaluate` */
export async function evaluateCommand(options: EvaluateOptions, io: Io): Promise<number> {
  const { run, part, json, permute } = options;
  if (part !== "validation" && part !== "test")
    throw new ConfigError(`--part: part must be validation or test, got "${part}"`);
  const repeats = Number(options.repeats);
  if (!(Number.isSafeInteger(repeats) && repeats >= 1))
    throw new ConfigError(`--repeats: must be a whole number >= 1, got "${options.repeats}"`);
  const seed = seedOf(options.seed);
  const { native } = await loadEngine(options, io, ["evaluate", "--run", run, "--part", part]);
  const opened = await openRun(run, { native });
  try {
    if (opened.dataset.parts[part] === undefined)
      throw new ConfigError(`--part: the data of ${run} must have a ${part} part, got none`);
    const rows =
      permute === undefined
        ? await plainRows(opened, part)
        : await permutedRows(opened, run, { part, columns: permute, repeats, seed });
    if (json) io.out(`${JSON.stringify({ rows, run, part })}\n`);
    else io.out(`${metricsTable(rows, columnsOf(rows))}\ncheckpoint: ${opened.checkpoint}\n`);
    return ExitCode.ok;
  } finally {
    opened.program.close();
  }
}

async function plainRows(run: OpenedRun, part: "validation" | "test"): Promise<ResultRow[]> {
  const { evaluation, slices } = await measure(run.program, run.dataset, run.config, part, { withSlices: true });
  return [
    ...Object.entries(evaluation).map(([name, metrics]) => ({ name, ...metrics })),
    ...slices.map(({ slice, group, model, metrics }) => ({ name: `${model}, ${slice} ${group}`, ...metrics })),
  ];
}

/** One row a model and column; `eval/permuted-<part>.json` gets every permutation. */
async function permutedRows(
  run: OpenedRun,
  folder: string,
  options: Parameters<typeof permutedEvaluations>[1],
): Promise<ResultRow[]> {
  const { part, repeats, seed } = options;
  const columns = await permutedEvaluations(run, options);
  const file: PermutedFile = { repeats, seed, columns };
  await writeJson(join(folder, "eval", `permuted-${part}.json`), file);
  return columns.flatMap(({ column, evaluations }) =>
    Object.entries(meanEvaluation(evaluations)).map(([model, metrics]) => ({
      name: `${model} without ${column}`,
      ...metrics,
    })),
  );
}
