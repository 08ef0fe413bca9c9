import { type ReportSection, section } from "./figure.ts";
import type { RunReport } from "./read-run-report.ts";

/** Time, memory, parameters, runtime and command of each run. */
export function costSection(runs: readonly RunReport[]): ReportSection {
  const finished = runs.filter(({ result }) => result !== undefined);
  const commands = runs.flatMap(commandOf);
  if (finished.length === 0 && commands.length === 0) return section("Time, memory and commands", {});
  const rows = finished.map((run) => [
    run.name,
    run.result!.seconds,
    run.result!.steps,
    median(run, "rowsPerSecond"),
    median(run, "dataWaitShare"),
    megabytes(run.result!.cost?.peakMemoryBytes),
    byModel(Object.fromEntries(Object.entries(run.result!.models).map(([model, { values }]) => [model, values]))),
    byModel(run.result!.cost?.flopsPerScore),
    runtimeOf(run),
  ]);
  const columns = [
    "run",
    "seconds",
    "steps",
    "rows/s",
    "share waiting for data",
    "peak MB",
    "parameters",
    "FLOPs a score",
    "runtime",
  ];
  const caption =
    "What each run took: all of it in seconds, rows a second and waiting share as medians over the logged steps, largest resident memory of the process where the run noted it.";
  return section("Time, memory and commands", {
    tables: [
      ...(rows.length === 0 ? [] : [{ id: "cost", caption, columns, rows }]),
      ...(commands.length === 0
        ? []
        : [
            {
              id: "commands",
              caption: "The commands that made the runs.",
              columns: ["run", "command"],
              rows: commands,
            },
          ]),
    ],
  });
}

function commandOf({ name, environment }: RunReport): readonly (readonly string[])[] {
  const parts = environment?.command;
  if (!Array.isArray(parts) || parts.length === 0) return [];
  return [[name, parts.map((part) => shellWord(String(part))).join(" ")]];
}

/** Of bytes. */
export function megabytes(bytes: number | null | undefined): number | null {
  return bytes === null || bytes === undefined ? null : Math.round(bytes / 1e6);
}

/** A word as a shell reads it back. */
function shellWord(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function median({ metrics }: RunReport, key: string): number | null {
  const values = metrics.flatMap((line) => (typeof line[key] === "number" ? [line[key]] : [])).sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

/** `teacher 1,000, student 200`. */
export function byModel(counts: Readonly<Record<string, number>> | undefined): string | null {
  const words = Object.entries(counts ?? {}).map(([model, count]) => `${model} ${count.toLocaleString("en")}`);
  return words.length === 0 ? null : words.join(", ");
}

function runtimeOf({ environment }: RunReport): string {
  const { kind, libraryVersion, device } = (environment?.runtime ?? {}) as Readonly<Record<string, unknown>>;
  const parts = [kind, libraryVersion, device].filter((part) => typeof part === "string" && part !== "");
  return parts.length === 0 ? "unknown" : parts.join(", ");
}
