import { join } from "node:path";
import { writeTextAtomically } from "../files/atomic-write.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { writeJson } from "../files/json-file.ts";
import { markdownTable } from "../report/markdown.ts";
import { executeLine, type LineNotice, type LineRow } from "../run/line/execute-line.ts";
import { parseDays, readLineConfig } from "../run/line/line-config.ts";
import { planLine } from "../run/line/plan-line.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
import { runProgress } from "./run-progress.ts";
import { describeScoring } from "./score-command.ts";
import { showAll, stoppedCode, untilSignal } from "./stop-signal.ts";
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
  let progress: ReturnType<typeof runProgress> | undefined;
  const show = (notice: LineNotice): void => {
    if (notice.kind === "step") {
      progress?.stop();
      progress = runProgress(io, { quiet: quiet === true, name: notice.step.name });
      if (!quiet) io.err(`line: ${rowName(notice.step)} ${notice.state}\n`);
    } else if (notice.kind === "run") progress!.show(notice.notice);
    else if (!quiet) io.err(`${describeScoring(notice.notice)}\n`);
  };
  const { result, signal } = await untilSignal(io, (stop) =>
    showAll(executeLine(plan, { native, environment, signal: stop }), show),
  ).finally(() => progress?.stop());
  if (result.reason === "interrupted") {
    io.err(`twinstill: stopped by ${signal}; the same command goes on from there\n`);
    return stoppedCode(signal);
  }
  const { metrics } = line.config;
  await writeResults(out, result.rows, metrics);
  const rows = result.rows.map(tableRow);
  if (json) io.out(`${JSON.stringify({ rows, out })}\n`);
  else io.out(`${metricsTable(rows, metrics)}\ntable: ${join(out, "table.md")}\n`);
  return ExitCode.ok;
}

async function writeResults(out: string, rows: readonly LineRow[], metrics: readonly string[]): Promise<void> {
  await nodeFiles.makeFolder(out);
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
