import { ConfigError } from "../errors.ts";
import { evaluate } from "../run/evaluation/evaluate.ts";
import { openRun } from "../run/open-run.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable } from "./metrics-table.ts";
import { columnsOf } from "./train-command.ts";

export interface EvaluateOptions extends CommonOptions {
  readonly run: string;
  readonly part: string;
}

/** `twinstill evaluate` */
export async function evaluateCommand(options: EvaluateOptions, io: Io): Promise<number> {
  const { run, part, json } = options;
  if (part !== "validation" && part !== "test")
    throw new ConfigError(`--part: part must be validation or test, got "${part}"`);
  const { native } = await loadEngine(options, io, ["evaluate", "--run", run, "--part", part]);
  const opened = await openRun(run, { native });
  try {
    if (opened.dataset.parts[part] === undefined)
      throw new ConfigError(`--part: the data of ${run} must have a ${part} part, got none`);
    const evaluation = await evaluate(opened.program, opened.dataset, opened.config, part);
    const rows = Object.entries(evaluation).map(([name, metrics]) => ({ name, ...metrics }));
    if (json) io.out(`${JSON.stringify({ rows, run, part })}\n`);
    else io.out(`${metricsTable(rows, columnsOf(rows))}\ncheckpoint: ${opened.checkpoint}\n`);
    return ExitCode.ok;
  } finally {
    opened.program.close();
  }
}
