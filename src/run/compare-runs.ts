import { ConfigError } from "../errors.ts";
import { type Direction, metricDefinition } from "../eval/index.ts";
import { readJson } from "../files/json-file.ts";
import { readStoredJob, runFolder, type StoredJob } from "./run-folder.ts";

/** How some runs differ. */
export interface RunComparison {
  /** Settings with more than one value, in the order of the runs; undefined where a run has none. */
  readonly settings: readonly SettingDifference[];
  /** Test metrics by `model/metric` or `stage/metric`; null where undefined or missing. */
  readonly metrics: readonly {
    readonly metric: string;
    /** Null of a metric that is not known. */
    readonly direction: Direction | null;
    readonly values: readonly (number | null)[];
  }[];
  /** False where the data's fingerprints differ. */
  readonly sameData: boolean;
  readonly kinds: readonly StoredJob["kind"][];
}

/** A setting with more than one value. */
export interface SettingDifference {
  /** Dotted path. */
  readonly path: string;
  readonly values: readonly unknown[];
}

/**
 * Compares the settings and test results of run folders, cascades' among them.
 *
 * @throws {ConfigError} a folder that holds no run, or one of another format.
 */
export async function compareRuns(paths: readonly string[]): Promise<RunComparison> {
  const runs = await Promise.all(paths.map(readRun));
  const metrics = [...new Set(runs.flatMap((run) => [...run.metrics.keys()]))];
  return {
    settings: settingDifferences(runs.map(({ config }) => config)),
    metrics: metrics.map((metric) => ({
      metric,
      direction: directionOf(metric),
      values: runs.map((run) => run.metrics.get(metric) ?? null),
    })),
    sameData: new Set(runs.map(({ fingerprint }) => fingerprint)).size === 1,
    kinds: runs.map(({ kind }) => kind),
  };
}

/** Settings in which configurations differ, by path. */
export function settingDifferences(configs: readonly StoredJob["config"][]): readonly SettingDifference[] {
  const all = configs.map(flatSettings);
  return [...new Set(all.flatMap((settings) => [...settings.keys()]))]
    .sort()
    .map((path) => ({ path, values: all.map((settings) => settings.get(path)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}

/** Which way a metric of a run gets better; null of one that is not known. */
export function directionOf(metric: string): Direction | null {
  try {
    return metricDefinition(metric.replaceAll("-", "_")).direction; // cascades write kendall-tau
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

interface ReadRun extends Pick<StoredJob, "kind" | "config"> {
  readonly metrics: ReadonlyMap<string, number | null>;
  readonly fingerprint: string;
}

async function readRun(path: string): Promise<ReadRun> {
  const folder = runFolder(path);
  const { kind, config } = await readStoredJob(folder);
  const result = (await folder.files.exists(`${path}/result.json`))
    ? ((await readJson(`${path}/result.json`)) as { readonly test?: Record<string, Record<string, number | null>> })
    : {};
  const metrics = Object.entries(result.test ?? {}).flatMap(([model, values]) =>
    Object.entries(values).map(([name, value]) => [`${model}/${name}`, value] as const),
  );
  const data = (await folder.files.exists(folder.dataReport))
    ? ((await readJson(folder.dataReport)) as { readonly fingerprint: string })
    : { fingerprint: "unknown" };
  return { kind, config, metrics: new Map(metrics), fingerprint: data.fingerprint };
}

/** Plain values by dotted path; empty blocks and lists are values. */
export function flatSettings(config: StoredJob["config"]): ReadonlyMap<string, unknown> {
  const settings = new Map<string, unknown>();
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null || Object.keys(value).length === 0) settings.set(path, value);
    else for (const [key, child] of Object.entries(value)) visit(child, path === "" ? key : `${path}.${key}`);
  };
  visit(config, "");
  return settings;
}
