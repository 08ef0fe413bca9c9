import { didYouMean } from "../../config-schema.ts";
import { ConfigError } from "../../errors.ts";
import type { FeatureSpec } from "../dataset.ts";
import { FIRST_VALUE_ID } from "../encoding.ts";
import { sharedFloat32, toSharedFloat32 } from "../shared-array.ts";
import { fitRidge } from "./fit-ridge.ts";
import type { PairFeatureConfig, PairsConfig } from "./pair-config.ts";
import { tableReader } from "./pair-reader.ts";
import {
  combinations,
  type KeyFeature,
  type KeySource,
  type NumberTransform,
  type PairTable,
  type SumTable,
  visitCombinations,
} from "./pair-table.ts";

/** What pair features are made from. */
export interface PairSource extends KeySource {
  readonly rows: number;
  readonly features: readonly FeatureSpec[];
  readonly labels: ReadonlyMap<string, Float32Array>;
  readonly numbers: ReadonlyMap<string, Float64Array>;
  readonly trainRows: Int32Array;
  readonly isTrainRow: Uint8Array;
  readonly userOf: Int32Array;
  readonly itemOf: Int32Array;
  /** Id of a feature's value, for `pick`; undefined where the vocabulary does not hold it. */
  readonly idOf: (feature: string, value: string) => number | undefined;
}

/** Combinations that a table may have a place for each. */
const MOST_COMBINATIONS = 2 ** 24;

/**
 * Fits the pair features on the training rows alone.
 *
 * @throws {ConfigError} a name that is not there, of the wrong kind, or too many combinations.
 */
export function fitPairs(config: PairsConfig, source: PairSource): ReadonlyMap<string, PairTable> {
  return new Map(
    Object.entries(config).map(([name, feature]) => [name, fitPair(`data.pairs.${name}`, feature, source)]),
  );
}

/** Feature specs of the pair features, for models. */
export function pairSpecs(pairs: ReadonlyMap<string, PairTable>): readonly FeatureSpec[] {
  return [...pairs].map(([name, table]) => ({
    name,
    role: "cross" as const,
    kind: table.kind === "cross" ? ("ids" as const) : ("numbers" as const),
    vocabularySize: table.kind === "cross" ? FIRST_VALUE_ID + (table.hashRows ?? combinations(table.keys)) : 0,
    width: 1,
  }));
}

function fitPair(where: string, config: PairFeatureConfig, source: PairSource): PairTable {
  switch (config.kind) {
    case "cross": {
      const keys = keysOf(`${where}.of`, config.of, source);
      if (keys.some(({ width }) => width > 1))
        throw new ConfigError(`${where}.of: features must have one value a row, got one with several`);
      if (config.rows === undefined) checkCombinations(where, keys, "; give rows, to hash them");
      return { kind: "cross", keys, hashRows: config.rows };
    }
    case "pick":
      return fitPick(where, config, source);
    case "count":
      return fitSums(where, { by: config.by, prior: 0, transform: config.transform, values: undefined }, source);
    case "mean": {
      const values = valuesOf(`${where}.of`, config.of, source);
      return fitSums(where, { ...config, values: config.residual ? residuals(values, source) : values }, source);
    }
    case "ridge": {
      const keys = keysOf(`${where}.by`, config.by, source);
      const values = valuesOf(`${where}.of`, config.of, source);
      const table = fitRidge(where, keys, config.residual ? residuals(values, source) : values, config.penalty, source);
      return { ...table, transform: fitTransform(where, config.transform, table, source) };
    }
  }
}

function keysOf(where: string, names: readonly string[], { features }: PairSource): readonly KeyFeature[] {
  const known = features.filter(({ kind, role }) => kind !== "numbers" && role !== "cross").map(({ name }) => name);
  return names.map((name) => {
    const spec = features.find((feature) => feature.name === name);
    if (spec === undefined || !known.includes(name)) {
      throw new ConfigError(
        `${where}: must name features of ids or categories (${known.join(", ")}), got ${JSON.stringify(name)}${didYouMean(name, known)}`,
      );
    }
    const { role, vocabularySize, width } = spec;
    return { name, role: role as KeyFeature["role"], vocabularySize, width };
  });
}

function checkCombinations(where: string, keys: readonly KeyFeature[], cure: string): void {
  const count = combinations(keys);
  if (count <= MOST_COMBINATIONS) return;
  throw new ConfigError(`${where}: features must have at most ${MOST_COMBINATIONS} combinations, got ${count}${cure}`);
}

function valuesOf(where: string, name: string, { labels, numbers, rows }: PairSource): Float64Array {
  const label = labels.get(name);
  if (label !== undefined) return Float64Array.from(label);
  const column = numbers.get(name);
  if (column?.length === rows) {
    const missing = column.findIndex((value) => Number.isNaN(value));
    if (missing >= 0)
      throw new ConfigError(
        `${where}: ${JSON.stringify(name)} must have a value in every row, got none in row ${missing}`,
      );
    return column;
  }
  const known = [...labels.keys(), ...numbers.keys()];
  throw new ConfigError(
    `${where}: must name a label or a numeric column (${known.join(", ")}), got ${JSON.stringify(name)}${didYouMean(name, known)}`,
  );
}

/** Each row's value less its user's and its item's mean over the other training rows, plus the overall mean. */
function residuals(values: Float64Array, { rows, trainRows, isTrainRow, userOf, itemOf }: PairSource): Float64Array {
  const overall = sumOver(values, trainRows) / Math.max(1, trainRows.length);
  const means = [userOf, itemOf].map((entityOf) => {
    const sums = new Map<number, { sum: number; count: number }>();
    for (const row of trainRows) {
      const entry = sums.get(entityOf[row]!) ?? { sum: 0, count: 0 };
      sums.set(entityOf[row]!, { sum: entry.sum + values[row]!, count: entry.count + 1 });
    }
    return (row: number): number => {
      const own = isTrainRow[row] === 1 ? 1 : 0;
      const { sum, count } = sums.get(entityOf[row]!) ?? { sum: 0, count: 0 };
      return count - own > 0 ? (sum - own * values[row]!) / (count - own) : overall;
    };
  });
  return Float64Array.from({ length: rows }, (_, row) => values[row]! - means[0]!(row) - means[1]!(row) + overall);
}

interface SumOptions {
  readonly by: readonly string[];
  readonly prior: number;
  readonly transform: "standardise" | "log" | "none";
  readonly values: Float64Array | undefined;
}

function fitSums(where: string, { by, prior, transform, values }: SumOptions, source: PairSource): SumTable {
  const keys = keysOf(`${where}.by`, by, source);
  if (keys.filter(({ width }) => width > 1).length > 1)
    throw new ConfigError(`${where}.by: at most one feature may have several values a row, got more`);
  checkCombinations(where, keys, "; take fewer or coarser features");
  const counts = sharedFloat32(combinations(keys));
  const sums = new Float64Array(values === undefined ? 0 : counts.length);
  for (const row of source.trainRows) {
    visitCombinations(keys, source, { row, item: source.itemOf[row]!, own: true }, (combination) => {
      counts[combination]! += 1;
      if (values !== undefined) sums[combination]! += values[row]!;
    });
  }
  const table: SumTable = {
    kind: "sums",
    keys,
    counts,
    all: { count: source.trainRows.length, sum: values === undefined ? 0 : sumOver(values, source.trainRows) },
    prior,
    transform: { kind: "none" },
    ...(values !== undefined && { sums: toSharedFloat32(sums), values: toSharedFloat32(values) }),
  };
  return { ...table, transform: fitTransform(where, transform, table, source) };
}

function fitTransform(
  where: string,
  kind: SumOptions["transform"],
  table: PairTable,
  source: PairSource,
): NumberTransform {
  if (kind !== "standardise") return { kind };
  const read = tableReader(table, source, source.isTrainRow);
  const raw = Float64Array.from(source.trainRows, (row) => read({ row, item: source.itemOf[row]!, own: true }));
  const mean = raw.reduce((sum, value) => sum + value, 0) / raw.length;
  const deviation = Math.sqrt(raw.reduce((sum, value) => sum + (value - mean) ** 2, 0) / raw.length);
  if (!(deviation > 0))
    throw new ConfigError(
      `${where}: statistic must vary over the training rows, got ${mean} for all; set transform: none`,
    );
  return { kind, mean, deviation };
}

function fitPick(
  where: string,
  { by, from }: Extract<PairFeatureConfig, { kind: "pick" }>,
  source: PairSource,
): PairTable {
  const keys = keysOf(`${where}.by`, [by], source);
  const numeric = source.features.filter(({ kind }) => kind === "numbers").map(({ name }) => name);
  const columns: (string | undefined)[] = new Array(keys[0]!.vocabularySize).fill(undefined);
  for (const [value, column] of Object.entries(from)) {
    if (!numeric.includes(column)) {
      throw new ConfigError(
        `${where}.from.${value}: must name a numeric feature (${numeric.join(", ")}), got ${JSON.stringify(column)}${didYouMean(column, numeric)}`,
      );
    }
    const id = source.idOf(by, value);
    if (id !== undefined) columns[id] = column;
  }
  return { kind: "pick", keys, columns };
}

function sumOver(values: Float64Array, rows: Int32Array): number {
  return rows.reduce((sum, row) => sum + values[row]!, 0);
}
