import { checkName, outOfRange } from "./batch-errors.ts";
import type { BatchData, FeatureSpec } from "./dataset.ts";
import { checkNegatives, type NegativesSpec } from "./negative-sources.ts";
import type { StoredListSpec } from "./stored-scores.ts";

/** One named array of a batch. */
export interface HostTensor {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Flat record of arrays of fixed shapes. docs/data.md lists the names. */
export type Batch = Readonly<Record<string, HostTensor>>;

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
  /** With negatives a batch holds lists [B, 1 + their number], without them rows [B]. Several sources follow each other. */
  readonly negatives?: NegativesSpec | readonly NegativesSpec[];
  /** Add lists of items with stored scores: arrays `lists/...`. */
  readonly lists?: StoredListSpec;
  /** Add the matrix `known` [B, C] for in-batch negatives: the rows' own items, then the shared ones. */
  readonly knownMatrix?: boolean;
  /** Add `columnLogQ` [C]: how likely each column of the in-batch matrix is to stand there. */
  readonly columnLogQ?: boolean;
  /** Items drawn alike from the catalogue for the whole batch: C - B more columns of the in-batch matrix. Default 0. */
  readonly sharedItems?: number;
}

/** The sources of negatives, in the order of the columns that they fill. */
export function negativeSources({ negatives }: Pick<BatchSpec, "negatives">): readonly NegativesSpec[] {
  if (negatives === undefined) return [];
  return Array.isArray(negatives) ? (negatives as readonly NegativesSpec[]) : [negatives as NegativesSpec];
}

/** Items of a list: the row's own, and its negatives. */
export function listLength(spec: Pick<BatchSpec, "negatives">): number {
  return negativeSources(spec).reduce((sum, { count }) => sum + count, 1);
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
  const sources = negativeSources(spec);
  for (const source of sources) checkNegatives(data, source);
  if (sources.filter(({ kind }) => kind === "stored").length > 1)
    throw outOfRange("negatives must have one source of kind stored at most", "two");
  const { sharedItems = 0 } = spec;
  if (!(Number.isInteger(sharedItems) && sharedItems >= 0))
    throw outOfRange("sharedItems must be an integer >= 0", sharedItems);
  if (spec.lists !== undefined) checkLists(data, spec.lists);
  const names = data.features.map((feature) => feature.name);
  for (const name of spec.features ?? []) checkName("features", name, names);
  return spec.features === undefined
    ? data.features
    : data.features.filter(({ name }) => spec.features!.includes(name));
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
