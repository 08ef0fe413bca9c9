import { readCascadeConfig } from "../run/cascade/cascade-config.ts";
import { executeCascade } from "../run/cascade/execute-cascade.ts";
import { cascadeProgress } from "./cascade-progress.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
import { showAll, stoppedCode, untilSignal } from "./stop-signal.ts";
import { seedOf } from "./train-command.ts";

export interface CascadeCommandOptions extends CommonOptions {
  readonly config: string;
  readonly out: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly resume?: true;
}

/** `twinstill cascade` */
export async function cascadeCommand(options: CascadeCommandOptions, io: Io): Promise<number> {
  const { config, out, set = [], seed, resume, quiet, json } = options;
  const sets = seed === undefined ? set : [...set, `seed=${seedOf(seed)}`];
  const resolved = readCascadeConfig(config, sets);
  const command = ["cascade", "--config", config, "--out", out, ...sets.flatMap((one) => ["--set", one])];
  const { native, environment } = await loadEngine(options, io, command);
  const progress = cascadeProgress(io, quiet === true);
  const run = { resolved, out, native, environment, resume: resume === true };
  const { result, signal } = await untilSignal(io, (stop) =>
    showAll(executeCascade({ ...run, signal: stop }), progress.show),
  ).finally(progress.stop);
  if (result.reason === "interrupted") {
    const again = `twinstill cascade --config ${config} --out ${out} --resume`;
    io.err(`twinstill: stopped by ${signal} after step ${result.steps}; go on with: ${again}\n`);
    return stoppedCode(signal);
  }
  const rows = Object.entries(result.test ?? {}).map(([name, metrics]): ResultRow => ({ name, ...metrics }));
  if (json) io.out(`${JSON.stringify({ rows, run: out })}\n`);
  else
    io.out(
      `${metricsTable(
        rows,
        [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((key) => key !== "name"),
      )}\nrun folder: ${out}\n`,
    );
  return ExitCode.ok;
}
