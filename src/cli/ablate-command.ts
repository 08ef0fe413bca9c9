import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../errors.ts";
import { type AblationConfig, readAblationConfig } from "../run/ablation/ablation-config.ts";
import { estimateSeconds } from "../run/ablation/estimate.ts";
import { executePlan, type RunOutcome } from "../run/ablation/execute-plan.ts";
import { measuredRows } from "../run/ablation/measured-rows.ts";
import { permuteRuns } from "../run/ablation/permuted-rows.ts";
import { type AblationPlan, planAblation } from "../run/ablation/plan.ts";
import { ablationResults } from "../run/ablation/results.ts";
import { planSearch } from "../run/ablation/search.ts";
import { searchRuns } from "../run/ablation/search-runs.ts";
import { writeAblation } from "./ablation-files.ts";
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
  const { config: file, out, json, quiet } = options;
  const jobs = Number(options.jobs);
  if (!(Number.isInteger(jobs) && jobs >= 1))
    throw new ConfigError(`--jobs: processes must be a whole number >= 1, got "${options.jobs}"`);
  const config = readAblationConfig(file);
  const plan = planAblation(file, config);
  if (config.search) planSearch(plan.baseFile, config);
  if (!quiet || options.dryRun)
    for (const { name, reason } of plan.notMade) io.err(`ablate: ${name} is not made: ${reason}\n`);
  if (options.dryRun) return dryRun(plan, jobs, options, io);
  await mkdir(out, { recursive: true });
  const { result: measured, signal } = await untilSignal(io, (stop) =>
    runAll(plan, { config, options, io, jobs, signal: stop }),
  );
  if (signal !== undefined) {
    io.err(`twinstill: stopped by ${signal}; the same command goes on with what is not finished\n`);
    return stoppedCode(signal);
  }
  const { metrics, resamples } = config;
  const rows = measuredRows({ ...measured, showsTeacher: plan.showsTeacher });
  const results = ablationResults(rows, metrics, { resamples });
  const { records, markdown } = await writeAblation(out, {
    ...{ file, results, metrics, notMade: plan.notMade },
    ...(measured.search && { search: measured.search }),
  });
  if (json) io.out(`${JSON.stringify({ rows: records, out, notMade: plan.notMade })}\n`);
  else io.out(`${markdown}\nresults: ${out}/results.md, .csv, .parquet, .json\n`);
  return results.some(({ failures }) => failures.length > 0) ? ExitCode.data : ExitCode.ok;
}

interface RunAllOptions {
  readonly config: AblationConfig;
  readonly options: AblateOptions;
  readonly io: Io;
  readonly jobs: number;
  readonly signal: AbortSignal;
}

/** The plan's runs, and then its base with columns permuted. */
async function runAll(plan: AblationPlan, { config, options, io, jobs, signal }: RunAllOptions) {
  const { out, device, quiet } = options;
  const started = performance.now();
  const say = (text: string): void => {
    if (!quiet) io.err(`ablate: ${text}\n`);
  };
  const onOutcome = (outcome: RunOutcome, done: number, total: number): void =>
    say(`${describeOutcome(outcome)}; ${done} of ${total}, ${timeLeft(started, done, total)}`);
  const program = programCommand();
  const settings = {
    out,
    program,
    jobs,
    version: packageVersion(),
    device,
    metrics: config.metrics,
    onOutcome,
    signal,
  };
  const { metrics: _, onOutcome: __, ...searching } = settings;
  const found =
    config.search &&
    (await searchRuns(plan.baseFile, config, {
      ...searching,
      onMeasured: (name, epoch, value, error) =>
        say(
          `${name}, epoch ${epoch}: ${error?.split("\n").at(-1) ?? `${config.search!.metric} ${value?.toFixed(4) ?? "undefined"} on validation`}`,
        ),
    }));
  const outcomes = await executePlan({ ...plan, runs: [...plan.runs, ...(found?.runs ?? [])] }, settings);
  const permuted = await permuteRuns(
    outcomes.filter(({ run }) => run.isBase),
    {
      ...{ program, device, signal, columns: plan.permuted },
      ...{ repeats: config.features?.repeats ?? 1, seed: config.features?.seed ?? 1 },
      onDone: (seed) => say(`base, seed ${seed}: ${plan.permuted.join(", ")} permuted`),
    },
  );
  return { outcomes, permuted, search: found?.search };
}

async function dryRun(plan: AblationPlan, jobs: number, options: AblateOptions, io: Io): Promise<number> {
  const { native } = await loadEngine(options, io, ["ablate"]);
  const seconds = await estimateSeconds(plan.runs[0]!.resolved, native);
  const total = (seconds * plan.runs.length) / jobs;
  for (const { variant, sets } of plan.runs) io.out(`${variant}: ${sets.join(" ")}\n`);
  if (plan.permuted.length > 0) io.out(`permuted in the base's runs: ${plan.permuted.join(", ")}\n`);
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
