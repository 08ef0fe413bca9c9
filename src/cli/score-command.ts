import type { PartName } from "../data/source-files.ts";
import { ConfigError } from "../errors.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import { executeScore, type ScoreNotice, type ScoreResult } from "../run/score/execute-score.ts";
import { filterArrow } from "../run/score/filter-arrow.ts";
import { openTeacher } from "../run/score/open-teacher.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { type StopSignal, showAll, stoppedCode, untilSignal } from "./stop-signal.ts";

export interface ScoreCommandOptions extends CommonOptions {
  readonly config?: string;
  readonly teacher: string;
  readonly data?: string;
  readonly out?: string;
  readonly stdin?: "arrow";
  readonly stdout?: "arrow";
  readonly model?: "teacher" | "student";
  readonly set?: readonly string[];
  readonly resume?: true;
  readonly shard?: string;
}

const PARTS: readonly string[] = ["train", "validation", "test", "history"] satisfies readonly PartName[];

/** `twinstill score` */
export async function scoreCommand(options: ScoreCommandOptions, io: Io): Promise<number> {
  const { stdin, stdout } = options;
  if (stdin !== undefined || stdout !== undefined) return filterCommand(options, io);
  const { teacher, model, set = [], resume, shard, json, quiet } = options;
  const [config, data, out] = [given(options, "config"), given(options, "data"), given(options, "out")];
  if (!PARTS.includes(data)) throw new ConfigError(`--data: part must be one of ${PARTS.join(", ")}, got "${data}"`);
  const resolved = readRunConfig(config, set);
  const job = shard === undefined ? undefined : jobOf(shard);
  const { native } = await loadEngine(options, io, []);
  const scoring = { resolved, teacher, model, part: data as PartName, out, native, resume: resume === true, job };
  const { result, signal } = await untilSignal(io, (stop) =>
    showAll(executeScore({ ...scoring, signal: stop }), (notice) => {
      if (!quiet) io.err(`${describeScoring(notice)}\n`);
    }),
  );
  return report(result, { out, json: json === true, signal }, io);
}

/** `twinstill score --stdin arrow --stdout arrow`: results go to stdout, so nothing else does. */
async function filterCommand(options: ScoreCommandOptions, io: Io): Promise<number> {
  const { config, teacher: folder, model, set = [], stdin, stdout, data, out } = options;
  if (stdin === undefined || stdout === undefined)
    throw new ConfigError("--stdin: must come with --stdout, got one of them; give --stdin arrow --stdout arrow");
  if (data !== undefined || out !== undefined)
    throw new ConfigError("--stdin: must come without --data and --out, got both; a filter writes no store");
  const heads = config === undefined ? undefined : readRunConfig(config, set).config.score?.heads;
  const { native } = await loadEngine(options, io, []);
  const teacher = await openTeacher(folder, { native, model });
  try {
    const { rows, batches, seconds, tensorSeconds } = await filterArrow(teacher, {
      input: io.stdin,
      output: io.stdout,
      ...(heads && { heads }),
    });
    const busy = Math.round((100 * tensorSeconds) / seconds);
    if (!options.quiet)
      io.err(
        `score: ${rows.toLocaleString("en")} rows in ${batches} batches, ${seconds.toFixed(1)} s, tensors busy ${busy} %\n`,
      );
    return ExitCode.ok;
  } finally {
    teacher.program.close();
  }
}

/** @throws {ConfigError} the option is missing. */
function given(options: ScoreCommandOptions, name: "config" | "data" | "out"): string {
  const value = options[name];
  if (value !== undefined) return value;
  throw new ConfigError(`score: --${name} must be given, got none; only a filter (--stdin arrow) goes without`);
}

function report(
  { manifest, reason, rows, seconds }: ScoreResult,
  { out, json, signal }: { readonly out: string; readonly json: boolean; readonly signal: StopSignal | undefined },
  io: Io,
): number {
  if (reason === "interrupted") {
    io.err(`twinstill: stopped by ${signal} after ${rows} pairs; go on with the same command and --resume\n`);
    return stoppedCode(signal);
  }
  const sections = Object.entries(manifest?.content ?? {}).map(
    ([name, section]) => `${name} ${section.rows.toLocaleString("en")}`,
  );
  const what = manifest === undefined ? "this job's share; other jobs are not done" : sections.join(", ");
  if (json) io.out(`${JSON.stringify({ store: out, reason, rows, seconds, coverage: manifest?.coverage ?? null })}\n`);
  else io.out(`${rows.toLocaleString("en")} pairs scored in ${seconds.toFixed(1)} s; ${out}: ${what}\n`);
  return ExitCode.ok;
}

/** One line for each thing that a scoring job reports. */
export function describeScoring(notice: ScoreNotice): string {
  switch (notice.kind) {
    case "teacher": {
      const { identity } = notice;
      const name =
        identity.kind === "run"
          ? `${identity.run} ${identity.checkpoint} (weights ${identity.weights})`
          : identity.name;
      return `score: teacher ${name}, heads ${notice.heads.join(", ")}`;
    }
    case "data":
      return `score: ${notice.rows.toLocaleString("en")} rows to score`;
    case "shard":
      return `score: ${notice.section} shard ${notice.shard}: ${notice.rows.toLocaleString("en")} pairs in ${notice.seconds.toFixed(1)} s`;
  }
}

/** @throws {ConfigError} no `i/n`. */
export function jobOf(text: string): { readonly index: number; readonly count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!(index >= 1 && index <= count)) throw new ConfigError(`--shard: must be i/n with 1 <= i <= n, got "${text}"`);
  return { index, count };
}
