import { join } from "node:path";
import type { FileLayer } from "../../files/file-layer.ts";
import { latestState } from "../checkpoint.ts";
import { readJsonLines } from "../formats/json-lines.ts";
import { runFolder } from "../run-folder.ts";
import type { AblationConfig } from "./ablation-config.ts";
import type { Settings } from "./controls.ts";
import { type ExecutePlanOptions, resumeFlag, runPlaces, trainArguments } from "./execute-plan.ts";
import type { PlannedRun } from "./plan.ts";
import { candidateRun, halve, planSearch, type SearchResult, validationValue } from "./search.ts";

export interface SearchRunsOptions extends Omit<ExecutePlanOptions, "onOutcome" | "metrics"> {
  readonly onMeasured?: (name: string, epoch: number, value: number | null, error: string | undefined) => void;
}

/**
 * Searches by successive halving, each candidate a command that pauses after each rung; finished parts are kept.
 *
 * @returns what was found, and the runs of the candidates that are left, with every seed.
 * @throws {ConfigError} the search does not fit the base.
 */
export async function searchRuns(
  baseFile: string,
  config: AblationConfig,
  options: SearchRunsOptions,
): Promise<{ readonly search: SearchResult; readonly runs: readonly PlannedRun[] }> {
  const search = config.search!;
  const drawn = planSearch(baseFile, config);
  const place = runPlaces(options);
  const inTurn = atMost(options.jobs);
  const measure = (name: string, settings: Settings, epoch: number): Promise<number | null> =>
    inTurn(async () => {
      if (options.signal?.aborted) return null;
      const run = candidateRun(baseFile, config, name, settings);
      const folder = await place(run);
      const error = await trainTo(baseFile, run, { folder, epoch, options });
      const records = error === undefined ? await logOf(folder, options.files) : [];
      const value = validationValue(records, search.metric, epoch / run.resolved.config.evaluate.every);
      options.onMeasured?.(name, epoch, value, error);
      return value;
    });
  const found = await halve(drawn, search, measure);
  const left = found.candidates.filter(({ stoppedAfter }) => stoppedAfter === null);
  const runs = left.flatMap(({ name, settings }) =>
    config.seeds.map((seed) => candidateRun(baseFile, config, name, settings, seed)),
  );
  return { search: found, runs };
}

interface TrainTo {
  readonly folder: string;
  readonly epoch: number;
  readonly options: SearchRunsOptions;
}

async function trainTo(
  baseFile: string,
  run: PlannedRun,
  { folder, epoch, options }: TrainTo,
): Promise<string | undefined> {
  const own = runFolder(folder, options.files);
  // By its checkpoint, which comes after the log: a run that died between them is gone on with.
  if (((await latestState(own))?.epoch ?? 0) >= epoch) return undefined;
  if (await own.files.exists(join(folder, "result.json"))) return undefined;
  const args = [...trainArguments(baseFile, folder, run.sets, options), "--pause-after", String(epoch)];
  return options.runCommand([...args, ...(await resumeFlag(folder, options))], options.signal);
}

type LogRecords = readonly Readonly<Record<string, unknown>>[];

async function logOf(folder: string, layer: FileLayer | undefined): Promise<LogRecords> {
  const { metrics, files } = runFolder(folder, layer);
  return (await files.exists(metrics)) ? (await readJsonLines(metrics, { files })).records : [];
}

/** Lets at most `limit` of the works that it is given run at a time, in the order that they came in. */
function atMost(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
