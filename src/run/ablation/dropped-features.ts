import { didYouMean } from "../../config-schema.ts";
import { featureColumns } from "../../data/feature-specs.ts";
import { ConfigError } from "../../errors.ts";
import type { RunConfig } from "../config/run-config.ts";
import type { AblationConfig } from "./ablation-config.ts";
import type { Settings } from "./controls.ts";

/** A model trained again without one of its features, or why that cannot be. */
export type DroppedFeature =
  | { readonly kind: "made"; readonly name: string; readonly settings: Settings }
  | { readonly kind: "not made"; readonly name: string; readonly reason: string };

/** Features that a model of a base sees, by the setting that lists them. */
interface SeenFeatures {
  readonly path: string;
  readonly names: readonly string[];
}

function featuresOf({ data, teacher, student }: RunConfig, model: "teacher" | "student"): readonly SeenFeatures[] {
  const columns = featureColumns(data.columns);
  const ofRole = (role: string): string[] => columns.flatMap(([name, column]) => (column.role === role ? [name] : []));
  if (model === "teacher") {
    if (teacher === undefined) return [];
    const all = [...columns.map(([name]) => name), ...Object.keys(data.pairs)];
    return [{ path: "teacher.features", names: teacher.features ?? all }];
  }
  if (student === undefined) return [];
  return [
    { path: "student.userFeatures", names: student.userFeatures ?? ofRole("user") },
    { path: "student.itemFeatures", names: student.itemFeatures ?? ofRole("item") },
  ];
}

/**
 * The variants of `features.drop`: one a model and feature, named `without-<model>-<feature>`.
 *
 * @throws {ConfigError} a name is no feature of the model (the nearest named), or the base does not train the model.
 */
export function droppedFeatures(config: RunConfig, { features }: Pick<AblationConfig, "features">): DroppedFeature[] {
  return (["teacher", "student"] as const).flatMap((model) => {
    const wanted = features?.drop[model];
    if (wanted === undefined) return [];
    const where = `features.drop.${model}`;
    if (config[model] === undefined)
      throw new ConfigError(`${where}: the base must train a ${model}, got none in its configuration`);
    const seen = featuresOf(config, model);
    const known = seen.flatMap(({ names }) => names);
    const names = wanted === "all" ? known : wanted;
    assertKnown(where, names, known);
    return names.map((name) => withoutFeature(config, model, name, seen));
  });
}

/**
 * Columns that `features.permute` asks for; all are those that the base's models see. Pair features are of two columns
 * and are not permuted.
 *
 * @throws {ConfigError} a name is no feature column; the nearest named.
 */
export function permutedColumns(config: RunConfig, { features }: Pick<AblationConfig, "features">): readonly string[] {
  const wanted = features?.permute;
  if (wanted === undefined) return [];
  const columns = featureColumns(config.data.columns).map(([name]) => name);
  if (wanted !== "all") assertKnown("features.permute", wanted, columns);
  if (wanted !== "all") return wanted;
  const seen = (["teacher", "student"] as const).flatMap((model) => featuresOf(config, model));
  return columns.filter((name) => config.frozen !== undefined || seen.some(({ names }) => names.includes(name)));
}

function assertKnown(where: string, names: readonly string[], known: readonly string[]): void {
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return;
  throw new ConfigError(
    `${where}: must name features that the model sees (${known.join(", ")}), got "${wrong}"${didYouMean(wrong, known)}`,
  );
}

function withoutFeature(
  config: RunConfig,
  model: "teacher" | "student",
  feature: string,
  seen: readonly SeenFeatures[],
): DroppedFeature {
  const name = `without-${model}-${feature}`;
  const { path, names } = seen.find((list) => list.names.includes(feature))!;
  const left = names.filter((other) => other !== feature);
  if (left.length === 0) return { kind: "not made", name, reason: `"${feature}" is the only one of ${path}` };
  const borrower = left.find((other) => {
    const column = config.data.columns[other];
    return column !== undefined && "shareWith" in column && column.shareWith === feature;
  });
  if (borrower !== undefined) return { kind: "not made", name, reason: `"${borrower}" uses the table of "${feature}"` };
  const { share, teacher } = config;
  const products = teacher?.products.filter(({ left: a, right: b }) => a !== feature && b !== feature);
  const wide = teacher?.wide.filter((other) => other !== feature);
  return {
    kind: "made",
    name,
    settings: {
      [path]: left,
      ...(share.includes(feature) && { share: share.filter((other) => other !== feature) }),
      ...(model === "teacher" && products!.length < teacher!.products.length && { "teacher.products": products }),
      ...(model === "teacher" && wide!.length < teacher!.wide.length && { "teacher.wide": wide }),
    },
  };
}
