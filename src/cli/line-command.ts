import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeTextAtomically } from "../files/atomic-write.ts";
import { writeJson } from "../files/json-file.ts";
import { markdownTable } from "../report/markdown.ts";
import { executeLine, type LineRow } from "../run/line/execute-line.ts";
import { parseDays, readLineConfig } from "../run/line/line-config.ts";
import { planLine } from "../run/line/plan-line.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
import { runProgress } from "./run-progress.ts";
import { describeScoring } from "./score-command.ts";
import { seedOf } from "./train-command.ts";

export interface LineCommandOptions extends CommonOptions {
  readonly config: string;
  readonly out: string;
  readonly seed?: string;
  readonly days?: string;
}

/** `twinstill line` */
export async function lineCommand(options: LineCommandOptions, io: Io): Promise<number> {
  const { config, out, seed, days, quiet, json } = options;
  const line = readLineConfig(config);
  const plan = planLine(line, {
    out,
    seed: seed === undefined ? undefined : seedOf(seed),
    ...(days !== undefined && { days: parseDays(days) }),
  });
  const { native, environment } = await loadEngine(options, io, ["line", "--config", config, "--out", out]);
  const stop = new AbortController();
  let signal: string | undefined;
  const unlisten = io.onSignal((name) => {
    signal = name;
    stop.abort();
  });
  let progress: ReturnType<typeof runProgress> | undefined;
  try {
    const notices = executeLine(plan, { native, environment, signal: stop.signal });
    for (;;) {
      const { value, done } = await notices.next();
      if (done && value.reason === "interrupted") {
        io.err(`twinstill: stopped by ${signal}; the same command goes on from there\n`);
        return signal === "SIGTERM" ? ExitCode.terminated : ExitCode.interrupted;
      }
      if (done) {
        await writeResults(out, value.rows, line.config.metrics);
        if (json) io.out(`${JSON.stringify({ rows: value.rows.map(tableRow), out })}\n`);
        else
          io.out(`${metricsTable(value.rows.map(tableRow), line.config.metrics)}\ntable: ${join(out, "table.md")}\n`);
        return ExitCode.ok;
      }
      if (value.kind === "step") {
        progress?.stop();
        progress = runProgress(io, { quiet: quiet === true, name: value.step.name });
        if (!quiet) io.err(`line: ${rowName(value.step)} ${value.state}\n`);
      } else if (value.kind === "run") progress!.show(value.notice);
      else if (!quiet) io.err(`${describeScoring(value.notice)}\n`);
    }
  } finally {
    progress?.stop();
    unlisten();
  }
}

async function writeResults(out: string, rows: readonly LineRow[], metrics: readonly string[]): Promise<void> {
  await mkdir(out, { recursive: true });
  const found = rows.map(tableRow);
  await writeJson(join(out, "result.json"), { rows: found });
  const cells = found.map((row) => [
    row.name,
    ...metrics.map((metric) => {
      const value = row[metric];
      return typeof value === "number" ? value.toFixed(4) : "-";
    }),
  ]);
  await writeTextAtomically(join(out, "table.md"), `${markdownTable(["run", ...metrics], cells)}\n`);
}

function tableRow({ step, model, metrics }: LineRow): ResultRow {
  return { name: `${rowName(step)} ${model}`, ...metrics };
}

function rowName({ day, name }: LineRow["step"]): string {
  return day === undefined ? name : `day ${day} ${name}`;
}
