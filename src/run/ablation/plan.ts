import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { ConfigError } from "../../errors.ts";
import { type ResolvedConfig, readRunConfig } from "../config/run-config.ts";
import type { AblationConfig } from "./ablation-config.ts";

/** One run of an ablation. */
export interface PlannedRun {
  /** Name of its variant: equal for the same settings under other seeds. */
  readonly variant: string;
  readonly seed: number;
  /** `path=value` assignments on the base configuration. */
  readonly sets: readonly string[];
  readonly resolved: ResolvedConfig;
  readonly isBase: boolean;
}

export interface AblationPlan {
  /** The base configuration's path. */
  readonly baseFile: string;
  readonly runs: readonly PlannedRun[];
}

/** Name of the variant that changes nothing. */
export const BASE = "base";

type Settings = Readonly<Record<string, unknown>>;
interface Variant {
  readonly name: string;
  readonly settings: Settings;
}

/**
 * All runs of an ablation, each one's configuration read and checked, so that nothing starts that cannot run.
 *
 * @throws {ConfigError} a path that is not there (the nearest named), a value out of range, or two variants with equal settings.
 */
export function planAblation(file: string, config: AblationConfig): AblationPlan {
  const baseFile = join(dirname(file), config.base);
  const variants = [{ name: BASE, settings: {} }, ...axisVariants(config), ...named(config.variants)];
  const runs = variants
    .filter(({ settings }) => !config.exclude.some((combination) => hasAll(settings, combination)))
    .flatMap(({ name, settings }) =>
      config.seeds.map((seed) => planRun(baseFile, { name, settings: { ...config.set, ...settings } }, seed)),
    );
  assertDifferent(runs);
  return { baseFile, runs };
}

function planRun(baseFile: string, { name, settings }: Variant, seed: number): PlannedRun {
  const sets = Object.entries({ ...settings, seed }).map(([path, value]) => `${path}=${inline(value)}`);
  try {
    return { variant: name, seed, sets, resolved: readRunConfig(baseFile, sets), isBase: name === BASE };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`variant "${name}": ${error.message}`);
    throw error;
  }
}

/** A value as one line of YAML. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

function axisVariants({ axes, design }: AblationConfig): readonly Variant[] {
  const levels = Object.entries(axes).map(([path, axis]) =>
    Array.isArray(axis)
      ? axis.map((value) => ({ name: `${path}=${shortValue(value)}`, settings: { [path]: value } }))
      : named(axis),
  );
  if (levels.length === 0) return [];
  if (design === "one-factor") return levels.flat();
  if (design === "leave-one-out") {
    const full = levels.map(([first]) => first!);
    return [
      joined("all", full),
      ...full.map((left, i) =>
        joined(
          `without-${left.name}`,
          full.filter((_, j) => j !== i),
        ),
      ),
    ];
  }
  const combinations = levels.reduce<readonly (readonly Variant[])[]>(
    (sofar, level) => sofar.flatMap((combination) => level.map((value) => [...combination, value])),
    [[]],
  );
  return combinations.map((combination) => joined(combination.map(({ name }) => name).join(","), combination));
}

function named(variants: Readonly<Record<string, Settings>>): readonly Variant[] {
  return Object.entries(variants).map(([name, settings]) => ({ name, settings }));
}

function joined(name: string, parts: readonly Variant[]): Variant {
  return { name, settings: Object.assign({}, ...parts.map(({ settings }) => settings)) as Settings };
}

function shortValue(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function hasAll(settings: Settings, wanted: Settings): boolean {
  return Object.entries(wanted).every(([path, value]) => JSON.stringify(settings[path]) === JSON.stringify(value));
}

function assertDifferent(runs: readonly PlannedRun[]): void {
  const seen = new Map<string, string>();
  for (const { variant, resolved } of runs) {
    const key = JSON.stringify(resolved.config);
    const other = seen.get(key);
    if (other !== undefined && other !== variant) {
      const hint = other === BASE ? "; the base runs by itself, so leave its values out of the axes" : "";
      throw new ConfigError(
        `ablation: variants must differ, got "${other}" and "${variant}" with equal settings${hint}`,
      );
    }
    seen.set(key, variant);
  }
}
