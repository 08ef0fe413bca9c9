import { DataError } from "../errors.ts";
import type { FeatureColumnConfig } from "./column-config.ts";
import { type ColumnEncoding, type DataEncoding, FIRST_VALUE_ID, OUT_OF_VOCABULARY_ID } from "./encoding.ts";
import type { CategoryColumn, ListColumn, NumberColumn, RawColumn } from "./raw-column.ts";
import { sharedFloat32, sharedInt32 } from "./shared-array.ts";

/** A feature, encoded: ids (Int32Array) or numbers (Float32Array) in shared memory. */
export interface EncodedColumn {
  /** [rows * width], row after row. */
  readonly data: Int32Array | Float32Array;
  /** Values a row: 1, or the most values of a multi-valued feature. */
  readonly width: number;
}

/** Options of encodeColumn. */
export interface EncodeOptions {
  readonly name: string;
  readonly config: FeatureColumnConfig;
  readonly encoding: DataEncoding;
  /** 64-bit hash of a value, for hashed vocabularies. */
  readonly hash: (value: string) => bigint;
  readonly locate: (row: number) => string;
}

/**
 * Encodes a feature. Values that the vocabulary does not hold become row 1; lists are cut to their greatest length
 * and padded with row 0.
 *
 * @throws {DataError} a number does not fit the transform or float32.
 */
export function encodeColumn(raw: RawColumn, options: EncodeOptions): EncodedColumn {
  const { name, config, encoding } = options;
  const own = encoding.columns[name]!;
  if (config.kind === "numeric") {
    const values = (raw as NumberColumn).values;
    if (own.kind === "buckets") return { data: bucketIds(values, own.boundaries, config.missing), width: 1 };
    return { data: transformed(values, own, options), width: 1 };
  }
  const vocabulary = own.kind === "shared" ? encoding.columns[own.with]! : own;
  const idOf = idsOfValues((raw as CategoryColumn | ListColumn).values, vocabulary, options.hash);
  if (config.kind === "multi") {
    return { data: listIds(raw as ListColumn, idOf, config), width: config.maxLength };
  }
  const { codes } = raw as CategoryColumn;
  const data = sharedInt32(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    data[row] = code < 0 ? OUT_OF_VOCABULARY_ID : idOf[code]!;
  }
  return { data, width: 1 };
}

function idsOfValues(
  values: readonly string[],
  vocabulary: ColumnEncoding,
  hash: (value: string) => bigint,
): Int32Array {
  if (vocabulary.kind === "hashed") {
    const rows = BigInt(vocabulary.rows);
    return Int32Array.from(values, (value) => FIRST_VALUE_ID + Number(hash(value) % rows));
  }
  const ids = vocabulary.kind === "built" ? vocabularyIds(vocabulary.values) : new Map<string, number>();
  return Int32Array.from(values, (value) => ids.get(value) ?? OUT_OF_VOCABULARY_ID);
}

const idsByVocabulary = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** Ids by value; kept with the vocabulary, which many chunks are encoded by. */
export function vocabularyIds(values: readonly string[]): ReadonlyMap<string, number> {
  const kept = idsByVocabulary.get(values) ?? new Map(values.map((value, i) => [value, FIRST_VALUE_ID + i]));
  idsByVocabulary.set(values, kept);
  return kept;
}

function listIds(
  { offsets, codes }: ListColumn,
  idOf: Int32Array,
  { maxLength, keep }: Extract<FeatureColumnConfig, { kind: "multi" }>,
): Int32Array {
  const rows = offsets.length - 1;
  const data = sharedInt32(rows * maxLength);
  for (let row = 0; row < rows; row++) {
    const length = offsets[row + 1]! - offsets[row]!;
    const kept = Math.min(length, maxLength);
    const start = keep === "first" ? offsets[row]! : offsets[row + 1]! - kept;
    for (let i = 0; i < kept; i++) data[row * maxLength + i] = idOf[codes[start + i]!]!;
  }
  return data;
}

/** Bucket i holds the values from boundary i - 1 on, below boundary i. */
function bucketIds(values: Float64Array, boundaries: readonly number[], missing: "error" | "oov" | number): Int32Array {
  const data = sharedInt32(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value) && missing === "oov") data[row] = OUT_OF_VOCABULARY_ID;
    else data[row] = FIRST_VALUE_ID + boundariesUpTo(boundaries, Number.isNaN(value) ? Number(missing) : value);
  }
  return data;
}

function boundariesUpTo(boundaries: readonly number[], value: number): number {
  let low = 0;
  let high = boundaries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (boundaries[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function transformed(values: Float64Array, encoding: ColumnEncoding, options: EncodeOptions): Float32Array {
  const { config, name, locate } = options;
  const missing = config.kind === "numeric" && typeof config.missing === "number" ? config.missing : Number.NaN;
  const data = sharedFloat32(values.length);
  for (let row = 0; row < values.length; row++) {
    const value = Number.isNaN(values[row]!) ? missing : values[row]!;
    data[row] = applyTransform(value, encoding);
    if (Number.isFinite(data[row]!)) continue;
    const rule = encoding.kind === "log" ? "be above -1 for transform: log" : "fit into float32";
    throw new DataError(`${locate(row)}: column ${JSON.stringify(name)} must ${rule}, got ${value}`);
  }
  return data;
}

function applyTransform(value: number, encoding: ColumnEncoding): number {
  switch (encoding.kind) {
    case "standardise":
      return (value - encoding.mean) / encoding.deviation;
    case "log":
      return Math.log1p(value);
    default:
      return value;
  }
}
