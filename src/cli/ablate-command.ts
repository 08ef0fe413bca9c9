import { fileURLToPath } from "node:url";
import { ConfigError } from "../errors.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { type AblationConfig, readAblationConfig } from "../run/ablation/ablation-config.ts";
import { estimateSeconds } from "../run/ablation/estimate.ts";
import { type ExecuteAblationOptions, executeAblation } from "../run/ablation/execute-ablation.ts";
import type { RunOutcome } from "../run/ablation/execute-plan.ts";
import { type AblationPlan, planAblation } from "../run/ablation/plan.ts";
import { inProcesses } from "../run/ablation/run-process.ts";
import { planSearch, searchedRuns } from "../run/ablation/search.ts";
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
  if (options.dryRun) return dryRun(plan, config, options, io);
  await nodeFiles.makeFolder(out);
  const { result: findings, signal } = await untilSignal(io, (stop) =>
    executeAblation(plan, config, {
      ...{ out, jobs, device: options.device, version: packageVersion(), signal: stop },
      runCommand: inProcesses(programCommand()),
      ...(quiet ? {} : progress(plan, config, io)),
    }),
  );
  if (findings === undefined) {
    io.err(`twinstill: stopped by ${signal}; the same command goes on with what is not finished\n`);
    return stoppedCode(signal);
  }
  const { results, notMade } = findings;
  const { records, markdown } = await writeAblation(out, { file, ...findings });
  if (json) io.out(`${JSON.stringify({ rows: records, out, notMade })}\n`);
  else io.out(`${markdown}\nresults: ${out}/results.md, .csv, .parquet, .json\n`);
  return results.some(({ failures }) => failures.length > 0) ? ExitCode.data : ExitCode.ok;
}

/** Lines about what is done, as it comes. */
function progress(
  plan: AblationPlan,
  config: AblationConfig,
  io: Io,
): Pick<ExecuteAblationOptions, "onOutcome" | "onMeasured" | "onPermuted"> {
  const started = performance.now();
  const say = (text: string): void => io.err(`ablate: ${text}\n`);
  return {
    onOutcome: (outcome, done, total) =>
      say(`${describeOutcome(outcome)}; ${done} of ${total}, ${timeLeft(started, done, total)}`),
    onMeasured: (name, epoch, value, error) => {
      const measured = `${config.search!.metric} ${value?.toFixed(4) ?? "undefined"} on validation`;
      say(`${name}, epoch ${epoch}: ${error?.split("\n").at(-1) ?? measured}`);
    },
    onPermuted: (seed) => say(`base, seed ${seed}: ${plan.permuted.join(", ")} permuted`),
  };
}

async function dryRun(plan: AblationPlan, config: AblationConfig, options: AblateOptions, io: Io): Promise<number> {
  const { native } = await loadEngine(options, io, ["ablate"]);
  const { resolved } = plan.runs[0]!;
  const seconds = await estimateSeconds(resolved, native);
  const searched =
    config.search === undefined ? 0 : searchedRuns(config.search, config.seeds.length, resolved.config.train.epochs);
  const total = (seconds * (plan.runs.length + searched)) / Number(options.jobs);
  for (const { variant, sets } of plan.runs) io.out(`${variant}: ${sets.join(" ")}\n`);
  if (plan.permuted.length > 0) io.out(`permuted in the base's runs: ${plan.permuted.join(", ")}\n`);
  if (config.search) io.out(`search: ${config.search.candidates} candidates, as long as ${searched.toFixed(1)} runs\n`);
  io.out(
    `${plan.runs.length} runs of about ${Math.ceil(seconds)} s each (the base's steps, evaluation not counted): about ${Math.ceil(total / 60)} min with ${options.jobs} at a time\n`,
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
