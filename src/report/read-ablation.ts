import { basename, join, resolve } from "node:path";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { DataError } from "../errors.ts";
import type { Direction } from "../eval/index.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { flatSettings } from "../run/compare-runs.ts";
import { readStoredJob, runFolder } from "../run/run-folder.ts";
import { type RunReport, readRunReport } from "./read-run-report.ts";

/** A row of an ablation's results: a metric of one variant. */
export interface AblationRow {
  readonly variant: string;
  readonly metric: string;
  readonly direction: Direction;
  /** Seeds of the runs that were asked for. */
  readonly seeds: readonly string[];
  /** Seeds whose run failed or gave no value. */
  readonly undefinedSeeds: number;
  readonly mean: number | null;
  readonly sd: number | null;
  /** Over the base; positive is better. */
  readonly gain: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly adjustedP: number | null;
  readonly untested: string | null;
  readonly seconds: number | null;
  readonly parameters: number | null;
  readonly command: string;
}

/** What the folder of an ablation holds for a report. */
export interface AblationReport {
  readonly name: string;
  readonly path: string;
  readonly rows: readonly AblationRow[];
  /** Settings of each variant by dotted path, the seed's left out; of those whose first run has begun. */
  readonly settings: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
  /** The first run of the base; undefined where it has not begun. */
  readonly base: RunReport | undefined;
}

const RESULTS = "results.parquet";

/** Whether a folder is that of an ablation. */
export async function isAblationFolder(path: string): Promise<boolean> {
  return (await nodeFiles.exists(join(path, RESULTS))) && (await nodeFiles.exists(join(path, "runs")));
}

/** Reads the folder of an ablation. @throws {DataError} its results are broken. */
export async function readAblation(path: string): Promise<AblationReport> {
  const rows = await readRows(join(path, RESULTS));
  const variants = new Map(rows.map((row) => [row.variant, row]));
  const settings = new Map<string, ReadonlyMap<string, unknown>>();
  let base: RunReport | undefined;
  for (const [variant, { command, untested }] of variants) {
    const folder = runFolder(join(path, "runs", basename(outOf(command))));
    if (!(await nodeFiles.exists(folder.config))) continue;
    const { config } = await readStoredJob(folder);
    settings.set(variant, flatSettings(Object.fromEntries(Object.entries(config).filter(([key]) => key !== "seed"))));
    if (untested === BASE_REASON) base = await readRunReport(folder.path);
  }
  return { name: basename(resolve(path)), path, rows, settings, base };
}

/** What the results say of the base in place of a test. */
export const BASE_REASON = "the base";

/** The run folder of a command. */
function outOf(command: string): string {
  return /--out ('[^']*'|\S+)/.exec(command)?.[1]?.replaceAll("'", "") ?? "";
}

async function readRows(path: string): Promise<readonly AblationRow[]> {
  try {
    const records = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    return records.map((record, i) => rowOf(record, `row ${i + 1}`));
  } catch (error) {
    throw new DataError(
      `${path}: file must hold the results of an ablation, got ${error instanceof Error ? error.message : String(error)}; run twinstill ablate again`,
    );
  }
}

function rowOf(record: Readonly<Record<string, unknown>>, where: string): AblationRow {
  const text = (name: string): string => {
    if (typeof record[name] === "string") return record[name];
    throw new DataError(`${where} with ${String(record[name])} for ${name}`);
  };
  const number = (name: string): number | null => (typeof record[name] === "number" ? record[name] : null);
  const [low, high] = [number("gainLow"), number("gainHigh")];
  return {
    variant: text("variant"),
    metric: text("metric"),
    direction: text("direction") as Direction,
    seeds: text("seeds").split(" "),
    undefinedSeeds: text("values")
      .split(" ")
      .filter((value) => value === "").length,
    mean: number("mean"),
    sd: number("sd"),
    gain: number("gain"),
    interval: low === null || high === null ? null : [low, high],
    adjustedP: number("adjustedP"),
    untested: typeof record.untested === "string" ? record.untested : null,
    seconds: number("trainSeconds"),
    parameters: number("parameters"),
    command: text("command"),
  };
}
