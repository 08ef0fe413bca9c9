import { ConfigError } from "../errors.ts";
import { readJson } from "../files/json-file.ts";
import { readStoredRun, runFolder } from "./run-folder.ts";

/** How some runs differ. */
export interface RunComparison {
  /** Settings with more than one value, in the order of the runs; undefined where a run has none. */
  readonly settings: readonly { readonly path: string; readonly values: readonly unknown[] }[];
  /** Test metrics by `model/metric`; null where undefined or missing. */
  readonly metrics: readonly { readonly metric: string; readonly values: readonly (number | null)[] }[];
  /** False where the data's fingerprints differ. */
  readonly sameData: boolean;
}

/**
 * Compares the settings and test results of run folders.
 *
 * @throws {ConfigError} a folder that holds no run, or one of another format.
 */
export async function compareRuns(paths: readonly string[]): Promise<RunComparison> {
  const runs = await Promise.all(paths.map(readRun));
  const settings = [...new Set(runs.flatMap(({ settings }) => [...settings.keys()]))].sort();
  const metrics = [...new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]))];
  return {
    settings: settings
      .map((path) => ({ path, values: runs.map((run) => run.settings.get(path)) }))
      .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1),
    metrics: metrics.map((metric) => ({ metric, values: runs.map((run) => run.metrics.get(metric) ?? null) })),
    sameData: new Set(runs.map(({ fingerprint }) => fingerprint)).size === 1,
  };
}

interface ReadRun {
  readonly settings: ReadonlyMap<string, unknown>;
  readonly metrics: ReadonlyMap<string, number | null>;
  readonly fingerprint: string;
}

async function readRun(path: string): Promise<ReadRun> {
  const folder = runFolder(path);
  if (!(await folder.files.exists(folder.config)))
    throw new ConfigError(`${path}: folder must hold a run, got no config.resolved.json in it`);
  const { run } = await readStoredRun(folder);
  const settings = new Map<string, unknown>();
  flatten(run, "", settings);
  const result = (await folder.files.exists(`${path}/result.json`))
    ? ((await readJson(`${path}/result.json`)) as { readonly test?: Record<string, Record<string, number | null>> })
    : {};
  const metrics = Object.entries(result.test ?? {}).flatMap(([model, values]) =>
    Object.entries(values).map(([name, value]) => [`${model}/${name}`, value] as const),
  );
  const data = (await folder.files.exists(folder.dataReport))
    ? ((await readJson(folder.dataReport)) as { readonly fingerprint: string })
    : { fingerprint: "unknown" };
  return { settings, metrics: new Map(metrics), fingerprint: data.fingerprint };
}

function flatten(value: unknown, path: string, into: Map<string, unknown>): void {
  if (typeof value !== "object" || value === null || Object.keys(value).length === 0) into.set(path, value);
  else for (const [key, child] of Object.entries(value)) flatten(child, path === "" ? key : `${path}.${key}`, into);
}
