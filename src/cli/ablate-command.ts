import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { WriteColumn } from "../data/write-column.ts";
import { writeParquet } from "../data/write-parquet.ts";
import { ConfigError } from "../errors.ts";
import { writeTextAtomically } from "../files/atomic-write.ts";
import { ablationMarkdown, ablationRecords, toCsv } from "../report/ablation-table.ts";
import { readAblationConfig } from "../run/ablation/ablation-config.ts";
import { estimateSeconds } from "../run/ablation/estimate.ts";
import { executePlan, type RunOutcome } from "../run/ablation/execute-plan.ts";
import { type AblationPlan, planAblation } from "../run/ablation/plan.ts";
import { ablationResults } from "../run/ablation/results.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { packageVersion } from "./package-version.ts";
import { stoppedCode, untilSignal } from "./stop-signal.ts";

export interface AblateOptions extends CommonOptions {
  readonly config: string;
  readonly out: string;
  readonly jobs: string;
  readonly dryRun?: true;
}

/** `twinstill ablate` */
export async function ablateCommand(options: AblateOptions, io: Io): Promise<number> {
  const { config: file, out, quiet, json } = options;
  const jobs = Number(options.jobs);
  if (!(Number.isInteger(jobs) && jobs >= 1))
    throw new ConfigError(`--jobs: processes must be a whole number >= 1, got "${options.jobs}"`);
  const config = readAblationConfig(file);
  const plan = planAblation(file, config);
  if (options.dryRun) return dryRun(plan, jobs, options, io);
  await mkdir(out, { recursive: true });
  const started = performance.now();
  const onOutcome = (outcome: RunOutcome, done: number, total: number): void => {
    if (!quiet) io.err(`ablate: ${describeOutcome(outcome)}; ${done} of ${total}, ${timeLeft(started, done, total)}\n`);
  };
  const program = programCommand();
  const settings = { out, program, jobs, version: packageVersion(), device: options.device, onOutcome };
  const { result: outcomes, signal } = await untilSignal(io, (stop) =>
    executePlan(plan, { ...settings, signal: stop }),
  );
  if (signal !== undefined) {
    io.err(`twinstill: stopped by ${signal}; the same command goes on with what is not finished\n`);
    return stoppedCode(signal);
  }
  const results = ablationResults(outcomes, config.metrics);
  const records = ablationRecords(results);
  const markdown = ablationMarkdown(results, config.metrics);
  await writeTextAtomically(join(out, "results.md"), `# ${file}\n\n${markdown}`);
  await writeTextAtomically(join(out, "results.csv"), toCsv(records));
  await writeParquet(join(out, "results.parquet"), recordColumns(records));
  if (json) io.out(`${JSON.stringify({ rows: records, out })}\n`);
  else io.out(`${markdown}\nresults: ${join(out, "results.md")}, .csv, .parquet\n`);
  return outcomes.some(({ kind }) => kind === "failed") ? ExitCode.data : ExitCode.ok;
}

async function dryRun(plan: AblationPlan, jobs: number, options: AblateOptions, io: Io): Promise<number> {
  const { native } = await loadEngine(options, io, ["ablate"]);
  const seconds = await estimateSeconds(plan.runs[0]!.resolved, native);
  const total = (seconds * plan.runs.length) / jobs;
  for (const { variant, sets } of plan.runs) io.out(`${variant}: ${sets.join(" ")}\n`);
  io.out(
    `${plan.runs.length} runs of about ${Math.ceil(seconds)} s each (the base's steps, evaluation not counted): about ${Math.ceil(total / 60)} min with ${jobs} at a time\n`,
  );
  return ExitCode.ok;
}

function describeOutcome(outcome: RunOutcome): string {
  const name = `${outcome.run.variant}, seed ${outcome.run.seed}`;
  if (outcome.kind === "failed") return `${name} failed: ${outcome.error.split("\n").at(-1)}`;
  return outcome.reused ? `${name} was finished already` : `${name} done in ${outcome.result.seconds.toFixed(0)} s`;
}

function timeLeft(started: number, done: number, total: number): string {
  const left = ((performance.now() - started) / done) * (total - done);
  return done === total ? "all done" : `about ${Math.ceil(left / 60_000)} min left`;
}

/** The command that runs this very program: the built file, or the source through tsx. */
function programCommand(): readonly string[] {
  const source = import.meta.url.endsWith(".ts");
  const main = fileURLToPath(new URL(source ? "./main.ts" : "./main.js", import.meta.url));
  return source ? [process.execPath, "--import", "tsx", main] : [process.execPath, main];
}

function recordColumns(records: ReturnType<typeof ablationRecords>): WriteColumn[] {
  return Object.keys(records[0]!).map((name) => {
    const values = records.map((record) => record[name]!);
    const numeric = values.every((value) => value === null || typeof value === "number");
    return numeric
      ? { name, type: "float64", values: values as (number | null)[] }
      : { name, type: "string", values: values.map((value) => (value === null ? null : String(value))) };
  });
}
