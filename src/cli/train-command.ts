import { ConfigError } from "../errors.ts";
import { type RunConfig, readRunConfig } from "../run/config/run-config.ts";
import { executeRun, type RunResult } from "../run/execute-run.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { type LoadedEngine, loadEngine } from "./load-engine.ts";
import { metricsTable, type ResultRow } from "./metrics-table.ts";
import { runProgress } from "./run-progress.ts";
import { type StopSignal, showAll, stoppedCode, untilSignal } from "./stop-signal.ts";

export interface TrainOptions extends CommonOptions {
  readonly config: string;
  readonly out: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly pauseAfter?: string;
  readonly resume?: true;
}

/** How commands that train differ. */
export interface TrainVariant {
  readonly command: "train" | "distill";
  /** What else must hold of the configuration. */
  readonly check: (config: RunConfig) => void;
}

/** `twinstill train` */
export async function trainCommand(
  options: TrainOptions,
  io: Io,
  { command, check }: TrainVariant = { command: "train", check: () => {} },
): Promise<number> {
  const { config, out, set = [], quiet, json } = options;
  const sets = options.seed === undefined ? set : [...set, `seed=${seedOf(options.seed)}`];
  const resolved = readRunConfig(config, sets);
  check(resolved.config);
  const engine = await loadEngine(options, io, commandOf(command, options));
  const pauseAfter = options.pauseAfter === undefined ? undefined : epochsOf(options.pauseAfter);
  const { result, signal } = await showRun(
    {
      ...{ resolved, out, resume: options.resume === true, name: command, quiet: quiet === true },
      ...(pauseAfter !== undefined && { pauseAfter }),
    },
    engine,
    io,
  );
  if (signal === undefined && result.reason === "interrupted") {
    if (!quiet) io.err(`twinstill: paused after step ${result.steps}; --resume goes on\n`);
    return ExitCode.ok;
  }
  if (signal !== undefined) {
    io.err(
      `twinstill: stopped by ${signal} after step ${result.steps}; go on with: twinstill ${command} --config ${config} --out ${out} --resume\n`,
    );
    return stoppedCode(signal);
  }
  const rows = resultRows(result);
  if (json) io.out(`${JSON.stringify({ rows, run: out })}\n`);
  else io.out(`${metricsTable(rows, columnsOf(rows))}\nrun folder: ${out}\n`);
  return ExitCode.ok;
}

export interface ShownRun {
  readonly resolved: ReturnType<typeof readRunConfig>;
  readonly out: string;
  readonly resume: boolean;
  readonly name: string;
  readonly quiet: boolean;
  readonly pauseAfter?: number;
}

/** Executes a run with progress, stopping at the end of a step when a signal comes. */
export async function showRun(
  run: ShownRun,
  { native, environment }: LoadedEngine,
  io: Io,
): Promise<{ readonly result: RunResult; readonly signal: StopSignal | undefined }> {
  const progress = runProgress(io, { quiet: run.quiet, name: run.name });
  const { result, signal } = await untilSignal(io, (stop) =>
    showAll(executeRun({ ...run, native, environment, signal: stop }), progress.show),
  ).finally(progress.stop);
  if (result.reason !== "interrupted") return { result, signal: undefined };
  return { result, signal: signal ?? (run.pauseAfter === undefined ? "SIGINT" : undefined) };
}

/** One row a model. */
export function resultRows({ test }: RunResult): ResultRow[] {
  return Object.entries(test ?? {}).map(([name, metrics]) => ({ name, ...metrics }));
}

/** Columns that the terminal has room for: AUC, and recall and NDCG. */
export function columnsOf(rows: readonly ResultRow[]): string[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row)));
  return [...names].filter((name) => /auc$|recall@|^ndcg@10$|\/ndcg@10$|^seconds$/.test(name));
}

/** @throws {ConfigError} no whole number >= 0. */
export function seedOf(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new ConfigError(`--seed: seed must be a whole number >= 0, got "${text}"`);
  return seed;
}

function epochsOf(text: string): number {
  const epochs = Number(text);
  if (!(Number.isSafeInteger(epochs) && epochs >= 1))
    throw new ConfigError(`--pause-after: epochs must be a whole number >= 1, got "${text}"`);
  return epochs;
}

function commandOf(command: string, { config, out, set = [], seed, resume }: TrainOptions): readonly string[] {
  return [
    command,
    "--config",
    config,
    "--out",
    out,
    ...set.flatMap((assignment) => ["--set", assignment]),
    ...(seed ? ["--seed", seed] : []),
    ...(resume ? ["--resume"] : []),
  ];
}
