import { readCascadeConfig } from "../run/cascade/cascade-config.ts";
import { type CascadeResult, executeCascade } from "../run/cascade/execute-cascade.ts";
import { cascadeProgress } from "./cascade-progress.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
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
  const stop = new AbortController();
  let signal: "SIGINT" | "SIGTERM" = "SIGINT";
  const unlisten = io.onSignal((name) => {
    signal = name;
    stop.abort();
  });
  const progress = cascadeProgress(io, quiet === true);
  let result: CascadeResult;
  try {
    const run = { resolved, out, native, environment, resume: resume === true, signal: stop.signal };
    const notices = executeCascade(run);
    for (;;) {
      const { value, done } = await notices.next();
      if (done) {
        result = value;
        break;
      }
      progress.show(value);
    }
  } finally {
    progress.stop();
    unlisten();
  }
  if (result.reason === "interrupted") {
    const again = `twinstill cascade --config ${config} --out ${out} --resume`;
    io.err(`twinstill: stopped by ${signal} after step ${result.steps}; go on with: ${again}\n`);
    return signal === "SIGINT" ? ExitCode.interrupted : ExitCode.terminated;
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
