import type { VariantResult } from "../run/ablation/results.ts";

/** One axis of an ablation, found in the settings of its variants: settings that change together. */
export interface Factor {
  readonly paths: readonly string[];
  /** The last parts of its paths, or all where that is not clear. */
  readonly title: string;
  /** The value of each variant as text. */
  readonly levelOf: ReadonlyMap<string, string>;
  /** All values, numbers by size. */
  readonly levels: readonly string[];
}

/** Two axes whose values are combined. */
export interface Grid {
  readonly x: Factor;
  readonly y: Factor;
}

/** Settings by dotted path of each variant. */
type Variants = ReadonlyMap<string, ReadonlyMap<string, unknown>>;

/** Share of the combinations that must be there for a grid. */
const FILLED = 0.75;

/**
 * The two axes of an ablation that are combined with each other: temperature and weight where these are, else those with
 * the most combinations. Rows beside the axes (the base, controls) are left out.
 */
export function findGrid(results: readonly VariantResult[]): Grid | undefined {
  const variants: Variants = new Map(
    results
      .filter(({ kind }) => kind === "variant" || kind === "search")
      .map(({ variant, settings }) => [variant, new Map(Object.entries(settings))]),
  );
  const factors = distinctTitles(factorsOf(variants));
  const grids = factors.flatMap((x, i) =>
    factors.slice(i + 1).flatMap((y) => {
      const combinations = new Set(
        [...variants.keys()].map((name) => `${x.levelOf.get(name)}\n${y.levelOf.get(name)}`),
      );
      const possible = x.levels.length * y.levels.length;
      return combinations.size >= 4 && combinations.size >= FILLED * possible
        ? [{ x, y, size: combinations.size }]
        : [];
    }),
  );
  const wanted = ({ x, y }: Grid): number =>
    [x, y].filter(({ title }) => /temperature|weight/.test(title)).length * 1000;
  return grids.sort((a, b) => wanted(b) + b.size - wanted(a) - a.size)[0];
}

/** Settings that are not the same in all variants; those that split the variants alike are one factor. */
function factorsOf(variants: Variants): readonly Factor[] {
  const paths = [...new Set([...variants.values()].flatMap((settings) => [...settings.keys()]))].sort();
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const values = [...variants.values()].map((settings) => JSON.stringify(settings.get(path)) ?? "-");
    const kinds = [...new Set(values)];
    if (kinds.length < 2) continue;
    const split = values.map((value) => kinds.indexOf(value)).join(" ");
    groups.set(split, [...(groups.get(split) ?? []), path]);
  }
  return [...groups.values()].map((own) => factorOf(own, variants));
}

function factorOf(paths: readonly string[], variants: Variants): Factor {
  const lead = paths[0]!;
  const values = [...variants].map(([variant, settings]) => [variant, settings.get(lead)] as const);
  const levels = [...new Set(values.map(([, value]) => levelText(value)))];
  return {
    paths,
    title: titleOf(paths.map(lastName)),
    levelOf: new Map(values.map(([variant, value]) => [variant, levelText(value)])),
    levels: levels.sort(bySize),
  };
}

/** `temperature` of `distill.0.temperature`. */
function lastName(path: string): string {
  return path.split(".").findLast((part) => !/^\d+$/.test(part)) ?? path;
}

function titleOf(names: readonly string[]): string {
  const all = [...new Set(names)];
  return all.length <= 2 ? all.join(", ") : `${all[0]} and ${all.length - 1} more`;
}

/** Axes of one short title get their whole paths. */
function distinctTitles(factors: readonly Factor[]): readonly Factor[] {
  const isTwice = ({ title }: Factor): boolean => factors.filter((other) => other.title === title).length > 1;
  return factors.map((factor) => (isTwice(factor) ? { ...factor, title: titleOf(factor.paths) } : factor));
}

/** Numbers by size, others by their letters and the numbers in them. */
function bySize(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) ? a.localeCompare(b, "en", { numeric: true }) : difference;
}

function levelText(value: unknown): string {
  if (value === undefined) return "-";
  return typeof value === "string" ? value : JSON.stringify(value);
}
