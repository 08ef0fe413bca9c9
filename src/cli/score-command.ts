import type { PartName } from "../data/source-files.ts";
import { ConfigError } from "../errors.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import { executeScore, type ScoreNotice, type ScoreResult } from "../run/score/execute-score.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";

export interface ScoreCommandOptions extends CommonOptions {
  readonly config: string;
  readonly teacher: string;
  readonly data: string;
  readonly out: string;
  readonly model?: "teacher" | "student";
  readonly set?: readonly string[];
  readonly resume?: true;
  readonly shard?: string;
}

const PARTS: readonly string[] = ["train", "validation", "test", "history"] satisfies readonly PartName[];

/** `twinstill score` */
export async function scoreCommand(options: ScoreCommandOptions, io: Io): Promise<number> {
  const { config, teacher, data, out, model, set = [], resume, shard, json, quiet } = options;
  if (!PARTS.includes(data)) throw new ConfigError(`--data: part must be one of ${PARTS.join(", ")}, got "${data}"`);
  const resolved = readRunConfig(config, set);
  const job = shard === undefined ? undefined : jobOf(shard);
  const { native } = await loadEngine(options, io, []);
  const stop = new AbortController();
  let signal: string | undefined;
  const unlisten = io.onSignal((name) => {
    signal = name;
    stop.abort();
  });
  try {
    const notices = executeScore({
      resolved,
      teacher,
      model,
      part: data as PartName,
      out,
      native,
      resume: resume === true,
      job,
      signal: stop.signal,
    });
    for (;;) {
      const { value, done } = await notices.next();
      if (done) return report(value, { out, json: json === true, signal }, io);
      if (!quiet) io.err(`${describeScoring(value)}\n`);
    }
  } finally {
    unlisten();
  }
}

function report(
  { manifest, reason, rows, seconds }: ScoreResult,
  { out, json, signal }: { readonly out: string; readonly json: boolean; readonly signal: string | undefined },
  io: Io,
): number {
  if (reason === "interrupted") {
    io.err(`twinstill: stopped by ${signal} after ${rows} pairs; go on with the same command and --resume\n`);
    return signal === "SIGTERM" ? ExitCode.terminated : ExitCode.interrupted;
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
