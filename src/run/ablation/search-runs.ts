import { join } from "node:path";
import { nodeFiles } from "../../files/file-layer.ts";
import { readJsonLines } from "../formats/json-lines.ts";
import { runFolder } from "../run-folder.ts";
import type { AblationConfig } from "./ablation-config.ts";
import type { Settings } from "./controls.ts";
import { type ExecutePlanOptions, runPlaces, trainArguments } from "./execute-plan.ts";
import type { PlannedRun } from "./plan.ts";
import { runProcess } from "./run-process.ts";
import { candidateRun, halve, planSearch, type SearchResult, validationValue } from "./search.ts";

export interface SearchRunsOptions extends Omit<ExecutePlanOptions, "onOutcome" | "metrics"> {
  readonly onMeasured?: (name: string, epoch: number, value: number | null, error: string | undefined) => void;
}

/**
 * Searches by successive halving, each candidate a process that pauses after each rung; finished parts are kept.
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
      const value = error === undefined ? await valueAt(folder, search.metric, run, epoch) : null;
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
  if ((await validationsOf(folder)) * run.resolved.config.evaluate.every >= epoch) return undefined;
  if (await nodeFiles.exists(join(folder, "result.json"))) return undefined;
  const begun = await nodeFiles.exists(join(folder, "config.resolved.json"));
  const args = [...trainArguments(baseFile, folder, run.sets, options), "--pause-after", String(epoch)];
  return runProcess([...options.program, ...args, ...(begun ? ["--resume"] : [])], options.signal);
}

/** Validations that a run's log holds. */
async function validationsOf(folder: string): Promise<number> {
  return (await logOf(folder)).filter((record) => Object.keys(record).some((key) => key.startsWith("val/"))).length;
}

async function valueAt(folder: string, metric: string, run: PlannedRun, epoch: number): Promise<number | null> {
  return validationValue(await logOf(folder), metric, epoch / run.resolved.config.evaluate.every);
}

async function logOf(folder: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { metrics } = runFolder(folder);
  return (await nodeFiles.exists(metrics)) ? (await readJsonLines(metrics)).records : [];
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
