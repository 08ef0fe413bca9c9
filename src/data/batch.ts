import { ConfigError } from "../errors.ts";
import { didYouMean } from "./config-messages.ts";
import type { BatchData, FeatureSpec } from "./dataset.ts";
import type { StoredListSpec } from "./stored-scores.ts";

/** One named array of a batch. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Flat record of arrays of fixed shapes. docs/data.md lists the names. */
export type Batch = Readonly<Record<string, HostTensor>>;

/** How negatives are drawn. */
export interface NegativesSpec {
  /** Items alike, by training frequency to the power `power`, or from the row's candidates in the score store. */
  readonly kind: "random" | "frequency" | "stored";
  /** Negatives for each row, >= 1. */
  readonly count: number;
  /** Exponent of the frequency, >= 0. Default 1; for kind frequency only. */
  readonly power?: number;
  /** Draw again what the row's user has among the training items. The row's own item is never drawn. */
  readonly excludeKnown: boolean;
}

/** What the batches of a run are. Keep one object for a run: the order of an epoch is kept with it. */
export interface BatchSpec {
  /** Row numbers, in order: `dataset.parts.train`. */
  readonly rows: Int32Array;
  /** Rows in a batch, >= 1. */
  readonly size: number;
  /** Draw a new order of the rows for each epoch. */
  readonly shuffle: boolean;
  /** Seed of order and negatives: any safe integer. */
  readonly seed: number;
  /** Labels that the batch carries. */
  readonly labels: readonly string[];
  /** Features that the batch carries. Default: all. */
  readonly features?: readonly string[];
  /** With negatives a batch holds lists [B, 1 + count], without it rows [B]. */
  readonly negatives?: NegativesSpec;
  /** Add lists of items with stored scores: arrays `lists/...`. */
  readonly lists?: StoredListSpec;
  /** Add the matrix `known` [B, B] for in-batch negatives; rows only. */
  readonly knownMatrix?: boolean;
}

/** Batches of an epoch; the last one is padded to full size. */
export function batchesPerEpoch(spec: Pick<BatchSpec, "rows" | "size">): number {
  return Math.ceil(spec.rows.length / spec.size);
}

/**
 * Checks a spec against the data.
 *
 * @returns the features that a batch carries, in the data's order.
 * @throws {ConfigError} a number is out of range, a label or feature is unknown, or options exclude each other.
 */
export function checkBatchSpec(data: BatchData, spec: BatchSpec): readonly FeatureSpec[] {
  if (!(Number.isInteger(spec.size) && spec.size >= 1)) throw outOfRange("size must be an integer >= 1", spec.size);
  if (!(spec.rows.length >= 1)) throw outOfRange("rows must hold at least one row", "none");
  const stray = spec.rows.find((row) => !(row >= 0 && row < data.rows));
  if (stray !== undefined) throw outOfRange(`rows must be in [0, ${data.rows})`, stray);
  if (!Number.isSafeInteger(spec.seed)) throw outOfRange("seed must be a safe integer", spec.seed);
  for (const label of spec.labels) checkName("labels", label, [...data.labels.keys()]);
  if (spec.negatives !== undefined) checkNegatives(spec.negatives);
  if (spec.negatives?.kind === "stored" && (data.stored?.candidates?.width ?? 0) < spec.negatives.count) {
    const got = data.stored?.candidates?.width ?? "none";
    throw outOfRange(`negatives of kind stored must find ${spec.negatives.count} candidates a row in the store`, got);
  }
  if (spec.negatives?.kind === "frequency" && data.trainItems.items.length === 0) {
    throw outOfRange("negatives by frequency must have training rows to count", "none");
  }
  if (spec.negatives !== undefined && spec.knownMatrix === true) {
    throw outOfRange("knownMatrix must go without negatives", "both; it is for in-batch negatives");
  }
  if (spec.lists !== undefined) checkLists(data, spec.lists);
  const names = data.features.map((feature) => feature.name);
  for (const name of spec.features ?? []) checkName("features", name, names);
  return spec.features === undefined
    ? data.features
    : data.features.filter(({ name }) => spec.features!.includes(name));
}

function checkNegatives({ kind, count, power }: NegativesSpec): void {
  if (!(Number.isInteger(count) && count >= 1)) throw outOfRange("negatives.count must be an integer >= 1", count);
  if (power === undefined) return;
  if (kind !== "frequency") throw outOfRange("negatives.power must go with kind frequency", `kind ${kind}`);
  if (!(power >= 0 && Number.isFinite(power))) throw outOfRange("negatives.power must be a finite number >= 0", power);
}

function checkLists({ stored }: BatchData, spec: StoredListSpec): void {
  const { users, top, of, uniform, rankTemperature = 1 } = spec;
  for (const [name, value] of Object.entries({ users, top, of, uniform })) {
    if (!(Number.isInteger(value) && value >= 0)) throw outOfRange(`lists.${name} must be an integer >= 0`, value);
  }
  if (!(users >= 1 && top + uniform >= 1 && top <= of))
    throw outOfRange("lists must have users >= 1, top <= of and an item", `users ${users}, top ${top}, of ${of}`);
  if (!(rankTemperature > 0)) throw outOfRange("lists.rankTemperature must be > 0", rankTemperature);
  for (const [name, wanted] of [
    ["top", of * Math.sign(top)],
    ["uniform", uniform],
  ] as const) {
    const width = stored?.lists?.[name]?.width ?? 0;
    if (width < wanted) throw outOfRange(`lists must find ${wanted} ${name} items of a user in the store`, width);
  }
}

function checkName(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const hint = didYouMean(name, known);
  throw new ConfigError(`batch spec: ${what} must be among ${known.join(", ")}, got ${JSON.stringify(name)}${hint}`);
}

function outOfRange(rule: string, got: unknown): ConfigError {
  return new ConfigError(`batch spec: ${rule}, got ${String(got)}`);
}
