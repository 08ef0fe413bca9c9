import { dirname, resolve } from "node:path";
import { stringify } from "yaml";
import { ConfigError } from "../../errors.ts";
import { type ResolvedConfig, readRunConfig } from "../config/run-config.ts";
import type { AblationConfig } from "./ablation-config.ts";
import { BASE, type Variant, variantsOf } from "./axes.ts";
import { type Control, controlsOf, type Settings } from "./controls.ts";
import { droppedFeatures, permutedColumns } from "./dropped-features.ts";
import { assertMetrics } from "./metric-names.ts";

/** What a row of an ablation is. */
export type RowKind = "base" | "variant" | "control" | "without-feature" | "permuted" | "search";

/** One run of an ablation. */
export interface PlannedRun {
  /** Name of its variant: equal for the same settings under other seeds. */
  readonly variant: string;
  readonly kind: RowKind;
  readonly seed: number;
  /** What the variant changes of the base, by dotted path; null takes a setting away. */
  readonly settings: Settings;
  /** `path=value` assignments on the base configuration; NEEDED_RUN in them stands for the folder of `needs`. */
  readonly sets: readonly string[];
  readonly resolved: ResolvedConfig;
  readonly isBase: boolean;
  /** The run that must be finished first. */
  readonly needs?: PlannedRun;
}

/** A row that was asked for and cannot be. */
export interface NotMade {
  readonly name: string;
  readonly reason: string;
}

export interface AblationPlan {
  /** The base configuration's path. */
  readonly baseFile: string;
  /** A run stands after the one that it needs. */
  readonly runs: readonly PlannedRun[];
  /** True where the teacher's metrics in the base's runs are a row. */
  readonly showsTeacher: boolean;
  /** Columns that are permuted in the base's finished runs. */
  readonly permuted: readonly string[];
  readonly notMade: readonly NotMade[];
}

/** A variant with what it is and needs. */
interface Row extends Variant {
  readonly kind: RowKind;
  readonly needs?: "base" | "alone";
}

/**
 * All runs of an ablation, each one's configuration read and checked, so that nothing starts that cannot run.
 *
 * @throws {ConfigError} a path that is not there (the nearest named), a value out of range, or two variants with equal settings.
 */
export function planAblation(file: string, config: AblationConfig): AblationPlan {
  const baseFile = resolve(dirname(file), config.base);
  const base = readRunConfig(baseFile, assignmentsOf(config.set)).config;
  assertMetrics(config.metrics, base);
  const controls = controlsOf(base, config);
  const dropped = droppedFeatures(base, config);
  const made = <T extends { readonly kind: string }>(rows: readonly T[]) =>
    rows.filter((row): row is Extract<T, { kind: "made" }> => row.kind === "made");
  const rows: readonly Row[] = [
    { name: BASE, kind: "base", settings: {} },
    ...variantsOf(config).map((variant) => ({ ...variant, kind: "variant" as const })),
    ...made(dropped).map((variant) => ({ ...variant, kind: "without-feature" as const })),
    ...made(controls).map((control) => ({ ...control, kind: "control" as const })),
  ];
  const runs = planRuns(baseFile, rows, config);
  assertDifferent(runs);
  return {
    baseFile,
    runs,
    showsTeacher: controls.some(({ kind }) => kind === "measured"),
    permuted: permutedColumns(base, config),
    notMade: [...notMade(controls), ...notMade(dropped)],
  };
}

function notMade(rows: readonly (Control | { readonly kind: string; readonly name: string })[]): readonly NotMade[] {
  return rows.flatMap((row) => ("reason" in row ? [{ name: row.name, reason: row.reason }] : []));
}

/** The runs of rows, seed by seed, in the rows' order. @throws {ConfigError} two rows have one name. */
function planRuns(baseFile: string, rows: readonly Row[], config: AblationConfig): readonly PlannedRun[] {
  const names = rows.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new ConfigError(
      `ablation: names must differ, got "${twice}" twice; controls and the base have names of their own`,
    );
  const planned = new Map<string, PlannedRun>();
  for (const row of rows)
    for (const seed of config.seeds) {
      const needs = row.needs && planned.get(`${row.needs} ${seed}`);
      planned.set(`${row.name} ${seed}`, planRun(baseFile, row, { shared: config.set, seed, needs }));
    }
  return [...planned.values()];
}

interface RunOf {
  /** Settings of every run. */
  readonly shared: Settings;
  readonly seed: number;
  readonly needs?: PlannedRun | undefined;
}

/** One run of a variant. @throws {ConfigError} its configuration is wrong; names the variant. */
export function planRun(
  baseFile: string,
  { name, kind, settings }: Pick<Row, "name" | "kind" | "settings">,
  { shared, seed, needs }: RunOf,
): PlannedRun {
  const sets = assignmentsOf({ ...shared, ...settings, seed });
  try {
    const resolved = readRunConfig(baseFile, sets);
    return {
      ...{ variant: name, kind, seed, settings, sets, resolved, isBase: name === BASE },
      ...(needs && { needs }),
    };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`variant "${name}": ${error.message}`);
    throw error;
  }
}

/** Settings as `path=value`. */
export function assignmentsOf(settings: Settings): string[] {
  return Object.entries(settings).map(([path, value]) => `${path}=${inline(value)}`);
}

/** A value as one line of YAML. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

function assertDifferent(runs: readonly PlannedRun[]): void {
  const seen = new Map<string, PlannedRun>();
  for (const run of runs) {
    const key = JSON.stringify(run.resolved.config);
    const other = seen.get(key);
    if (other !== undefined && other.variant !== run.variant) {
      const names = `got "${other.variant}" and "${run.variant}" with equal settings`;
      throw new ConfigError(`ablation: variants must differ, ${names}${hint(other, run)}`);
    }
    seen.set(key, run);
  }
}

/** Where a control repeats a variant that is asked for by hand, one of them is to go. */
function hint(other: PlannedRun, run: PlannedRun): string {
  if (other.isBase) return "; the base runs by itself, so leave its values out of the axes";
  return run.kind === "control"
    ? `; "${run.variant}" is a control that runs by default: leave "${other.variant}" out`
    : "";
}
