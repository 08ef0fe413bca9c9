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
    peakMemory(run),
    Object.entries(run.result!.models)
      .map(([model, { values }]) => `${model} ${values.toLocaleString("en")}`)
      .join(", "),
    runtimeOf(run),
  ]);
  const columns = ["run", "seconds", "steps", "rows/s", "share waiting for data", "peak MiB", "parameters", "runtime"];
  const caption =
    "What each run took: all of it in seconds, rows a second and waiting share as medians over the logged steps, peak resident memory where the run noted it.";
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

/** A word as a shell reads it back. */
function shellWord(word: string): string {
  return /^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function median({ metrics }: RunReport, key: string): number | null {
  const values = metrics.flatMap((line) => (typeof line[key] === "number" ? [line[key]] : [])).sort((a, b) => a - b);
  return values[values.length >> 1] ?? null;
}

/** MiB, where result.json says bytes. */
function peakMemory({ result }: RunReport): number | null {
  const bytes = result?.peakBytes;
  return typeof bytes === "number" ? Math.round(bytes / 2 ** 20) : null;
}

function runtimeOf({ environment }: RunReport): string {
  const { kind, libraryVersion, device } = (environment?.runtime ?? {}) as Readonly<Record<string, unknown>>;
  const parts = [kind, libraryVersion, device].filter((part) => typeof part === "string" && part !== "");
  return parts.length === 0 ? "unknown" : parts.join(", ");
}
