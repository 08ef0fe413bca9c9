import type { EncodedColumn } from "../encode-column.ts";
import { FIRST_VALUE_ID } from "../encoding.ts";

/** One feature that pairs are keyed by. */
export interface KeyFeature {
  readonly name: string;
  readonly role: "user" | "item" | "context";
  readonly vocabularySize: number;
  /** Values a row: 1, or the most of a multi feature. */
  readonly width: number;
}

/** A statistic's sums, by combination of keys; all arrays in shared memory. */
export interface SumTable {
  readonly kind: "sums";
  readonly keys: readonly KeyFeature[];
  /** [combinations] number of training rows. */
  readonly counts: Float32Array;
  /** [combinations] sum of the values of those rows; undefined for counts alone. */
  readonly sums?: Float32Array;
  /** [rows] the value of each row, subtracted again for the row itself; undefined for counts alone. */
  readonly values?: Float32Array;
  /** All training rows: their number, and the sum of their values. */
  readonly all: { readonly count: number; readonly sum: number };
  readonly prior: number;
  readonly transform: NumberTransform;
}

/** Combinations as ids. */
export interface CrossTable {
  readonly kind: "cross";
  readonly keys: readonly KeyFeature[];
  /** Rows that combinations are hashed into; undefined where each has its own. */
  readonly hashRows: number | undefined;
}

/** One number of several columns, chosen by an id. */
export interface PickTable {
  readonly kind: "pick";
  readonly keys: readonly KeyFeature[];
  /** Column by id of the key; undefined where no column is named for it. */
  readonly columns: readonly (string | undefined)[];
}

/** An item-item regression, and what each user's training rows hold; all arrays in shared memory. */
export interface RidgeTable {
  readonly kind: "ridge";
  /** The user's key and the item's. */
  readonly keys: readonly KeyFeature[];
  /** [items, items] of the ids; P in fit-ridge.ts. */
  readonly inverse: Float32Array;
  /** [users] by user id, in (0, 1]: makes P one that was fitted without the user's own rows. */
  readonly oneMinusLeverage: Float32Array;
  /** [users + 1] where the rows of each user id begin in `items` and `values`. */
  readonly offsets: Int32Array;
  readonly items: Int32Array;
  readonly values: Float32Array;
  readonly transform: NumberTransform;
}

export type PairTable = SumTable | CrossTable | PickTable | RidgeTable;

export type NumberTransform =
  | { readonly kind: "none" }
  | { readonly kind: "log" }
  | { readonly kind: "standardise"; readonly mean: number; readonly deviation: number };

/** Where the keys of a pair are read: the user's side from a row, the item's from that row or from the catalogue. */
export interface PairPlace {
  /** Row whose user and context it is. */
  readonly row: number;
  /** The item; that of the row itself when `own`. */
  readonly item: number;
  readonly own: boolean;
}

/** The columns that keys are read from. */
export interface KeySource {
  readonly columns: ReadonlyMap<string, EncodedColumn>;
  readonly itemFeatures: ReadonlyMap<string, EncodedColumn>;
}

/** Number of combinations of the keys' ids. */
export function combinations(keys: readonly KeyFeature[]): number {
  return keys.reduce((product, { vocabularySize }) => product * vocabularySize, 1);
}

/**
 * Calls `visit` with each combination that the pair has: one, or one a value of the multi key; none where a key is
 * padding or out of vocabulary, for such rows have nothing in common.
 */
export function visitCombinations(
  keys: readonly KeyFeature[],
  source: KeySource,
  place: PairPlace,
  visit: (combination: number) => void,
): void {
  const walk = (at: number, index: number): void => {
    const key = keys[at];
    if (key === undefined) {
      visit(index);
      return;
    }
    const { data, start } = keyValues(key, source, place);
    for (let j = 0; j < key.width; j++) {
      const id = data[start + j]!;
      if (id >= FIRST_VALUE_ID) walk(at + 1, index * key.vocabularySize + id);
    }
  };
  walk(0, 0);
}

function keyValues(
  key: KeyFeature,
  { columns, itemFeatures }: KeySource,
  { row, item, own }: PairPlace,
): { readonly data: Int32Array | Float32Array; readonly start: number } {
  if (key.role === "item" && !own) return { data: itemFeatures.get(key.name)!.data, start: item * key.width };
  return { data: columns.get(key.name)!.data, start: row * key.width };
}
