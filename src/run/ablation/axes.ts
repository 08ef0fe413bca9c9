import type { AblationConfig } from "./ablation-config.ts";
import type { Settings } from "./controls.ts";

/** Name of the variant that changes nothing. */
export const BASE = "base";

/** Settings under one name. */
export interface Variant {
  readonly name: string;
  readonly settings: Settings;
}

/** The variants of an ablation's axes and those that it names, without the excluded ones. */
export function variantsOf(config: AblationConfig): readonly Variant[] {
  return [...axisVariants(config), ...named(config.variants)].filter(
    ({ settings }) => !config.exclude.some((combination) => hasAll(settings, combination)),
  );
}

function axisVariants({ axes, design }: AblationConfig): readonly Variant[] {
  const levels = Object.entries(axes).map(([path, axis]) =>
    Array.isArray(axis) ? axis.map((value) => variantOf(path, value)) : named(axis),
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

/** One setting, under the name `path=value`. */
export function variantOf(path: string, value: unknown): Variant {
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return { name: `${path}=${text}`, settings: { [path]: value } };
}

function named(variants: Readonly<Record<string, Settings>>): readonly Variant[] {
  return Object.entries(variants).map(([name, settings]) => ({ name, settings }));
}

/** Several variants as one. */
export function joined(name: string, parts: readonly Variant[]): Variant {
  return { name, settings: Object.assign({}, ...parts.map(({ settings }) => settings)) as Settings };
}

function hasAll(settings: Settings, wanted: Settings): boolean {
  return Object.entries(wanted).every(([path, value]) => JSON.stringify(settings[path]) === JSON.stringify(value));
}
