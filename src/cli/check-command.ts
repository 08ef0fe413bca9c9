import { ConfigError } from "../errors.ts";
import { readRunConfig } from "../run/config/run-config.ts";
import { checkLeaks } from "../run/leaks/check-leaks.ts";
import { type CheckReport, checkScores } from "../run/score/check-scores.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";
import { metricsTable } from "./metrics-table.ts";

export interface CheckCommandOptions extends CommonOptions {
  readonly scores?: string;
  readonly config?: string;
  readonly set?: readonly string[];
  readonly teacher?: string;
  readonly sample: string;
}

/** `twinstill check` */
export async function checkCommand(options: CheckCommandOptions, io: Io): Promise<number> {
  const { scores, config, set = [], teacher, json } = options;
  if (scores === undefined) return leakCommand(options, io);
  const sample = Number(options.sample);
  if (!(Number.isSafeInteger(sample) && sample >= 1))
    throw new ConfigError(`--sample: must be a whole number >= 1, got "${options.sample}"`);
  if (teacher !== undefined && config === undefined)
    throw new ConfigError(
      "--teacher: the data to score again must be described, got no configuration; give --config too",
    );
  const resolved = config === undefined ? undefined : readRunConfig(config, set);
  const engine = teacher === undefined ? undefined : await loadEngine(options, io, []);
  const report = await checkScores({ scores, resolved, teacher, native: engine?.native, sample });
  if (json) io.out(`${JSON.stringify(report)}\n`);
  else io.out(`${describeCheck(report).join("\n")}\n`);
  return report.problems.length === 0 ? ExitCode.ok : ExitCode.data;
}

/** Without a store, what is checked is whether the configuration's measured rows are new. */
async function leakCommand({ config, set = [], teacher, json }: CheckCommandOptions, io: Io): Promise<number> {
  if (config === undefined)
    throw new ConfigError("check: --config or --scores must be given, got neither; --config looks for leaks");
  if (teacher !== undefined) throw new ConfigError("--teacher: cannot take effect without --scores");
  const checks = await checkLeaks(readRunConfig(config, set));
  if (json) io.out(`${JSON.stringify({ checks })}\n`);
  else for (const { name, verdict, message } of checks) io.out(`${verdict}: ${name}: ${message}\n`);
  return checks.some(({ verdict }) => verdict === "leak") ? ExitCode.data : ExitCode.ok;
}

function describeCheck({ teacher, coverage, day, sections, rescored, warnings, problems }: CheckReport): string[] {
  const from =
    teacher.kind === "run"
      ? `${teacher.run} ${teacher.checkpoint}, weights ${teacher.weights}`
      : `imported from ${teacher.name}`;
  const rows = sections.flatMap(({ section, heads }) =>
    Object.entries(heads).map(([head, { min, max, quantiles }]) => ({
      name: `${section} ${head}`,
      min,
      "1 %": quantiles[1]!,
      "25 %": quantiles[25]!,
      "50 %": quantiles[50]!,
      "75 %": quantiles[75]!,
      "99 %": quantiles[99]!,
      max,
    })),
  );
  return [
    `teacher: ${from}`,
    `coverage: ${coverage.scored} of ${coverage.of} rows${day === null ? "" : `, ${day.column} ${day.from} to ${day.to}`}`,
    ...sections.map(
      ({ section, rows, shards, bytes, duplicates }) =>
        `${section}: ${rows} pairs in ${shards} shards, ${(bytes / 1e6).toFixed(1)} MB, checksums right, ${duplicates} duplicate keys`,
    ),
    metricsTable(rows, ["min", "1 %", "25 %", "50 %", "75 %", "99 %", "max"]),
    ...rescored.map(
      ({ section, pairs, largest, allowed }) =>
        `${section}: ${pairs} pairs scored again, largest difference ${largest.toExponential(1)} (allowed ${allowed.toExponential(1)})`,
    ),
    ...warnings.map((warning) => `warning: ${warning}`),
    ...problems.map((problem) => `problem: ${problem}`),
  ];
}
