import { basename, join, resolve } from "node:path";
import { DataError } from "../errors.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { readJson } from "../files/json-file.ts";
import type { NotMade } from "../run/ablation/plan.ts";
import type { VariantResult } from "../run/ablation/results.ts";
import { ABLATION_RESULTS } from "../run/run-folder.ts";
import { type RunReport, readRunReport } from "./read-run-report.ts";

/** What the folder of an ablation holds for a report. */
export interface AblationReport {
  readonly name: string;
  readonly path: string;
  /** The base first. */
  readonly results: readonly VariantResult[];
  readonly metrics: readonly string[];
  readonly notMade: readonly NotMade[];
  /** The first run of the base; undefined where it is not in the folder. */
  readonly base: RunReport | undefined;
}

/** Version of results.json that is read. */
const FORMAT = 1;

/** Whether a folder is that of a finished ablation. */
export async function isAblationFolder(path: string): Promise<boolean> {
  return nodeFiles.exists(join(path, ABLATION_RESULTS));
}

/** Reads the folder of an ablation. @throws {DataError} its results are broken, or of another format. */
export async function readAblation(path: string): Promise<AblationReport> {
  const file = join(path, ABLATION_RESULTS);
  const stored = (await readJson(file)) as Partial<AblationReport> & { readonly format?: unknown };
  if (stored.format !== FORMAT)
    throw new DataError(
      `${file}: results must have format ${FORMAT}, got ${String(stored.format)}; use the version of twinstill that wrote it`,
    );
  const { results = [], metrics = [], notMade = [] } = stored;
  if (results.length === 0 || metrics.length === 0)
    throw new DataError(`${file}: results must hold rows and metrics, got ${results.length} and ${metrics.length}`);
  const folder = join(path, "runs", basename(outOf(baseOf(results).command)));
  const base = (await nodeFiles.exists(join(folder, "config.resolved.json"))) ? await readRunReport(folder) : undefined;
  return { name: basename(resolve(path)), path, results, metrics, notMade, base };
}

/** The row that changes nothing. */
export function baseOf(results: readonly VariantResult[]): VariantResult {
  return results.find(({ kind }) => kind === "base") ?? results[0]!;
}

/** The run folder of a command. */
function outOf(command: string): string {
  return /--out ('[^']*'|\S+)/.exec(command)?.[1]?.replaceAll("'", "") ?? "";
}
