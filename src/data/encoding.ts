import { z } from "zod";
import { ConfigError, DataError } from "../errors.ts";
import { type ColumnConfig, hasVocabulary, isFeature } from "./column-config.ts";

const columnEncoding = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("built"), values: z.array(z.string()) }),
  z.strictObject({ kind: z.literal("hashed"), rows: z.int().min(1) }),
  z.strictObject({ kind: z.literal("shared"), with: z.string() }),
  z.strictObject({ kind: z.literal("standardise"), mean: z.number(), deviation: z.number().positive() }),
  z.strictObject({ kind: z.literal("log") }),
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("buckets"), boundaries: z.array(z.number()) }),
]);

const dataEncoding = z.strictObject({
  version: z.literal(1),
  columns: z.record(z.string(), columnEncoding),
});

/**
 * What was learnt from the training part to encode one feature: the values of a vocabulary in the order of their
 * rows, hash rows, mean and deviation, bucket boundaries. Plain JSON.
 */
export type ColumnEncoding = z.infer<typeof columnEncoding>;

/** The encodings of all features by column name. Plain JSON: later data are encoded alike with it. */
export type DataEncoding = z.infer<typeof dataEncoding>;

/** Row 0 of every table: padding, moved by no optimiser. */
export const PADDING_ID = 0;
/** Row 1 of every table: values that the vocabulary does not hold. */
export const OUT_OF_VOCABULARY_ID = 1;
/** The row of a vocabulary's first value. */
export const FIRST_VALUE_ID = 2;

/**
 * Checks an encoding that was read back from JSON.
 *
 * @throws {DataError} it is no encoding of this version.
 */
export function parseEncoding(input: unknown): DataEncoding {
  const result = dataEncoding.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue!.path.join(".");
  throw new DataError(
    `parseEncoding: the encoding must be one that a run wrote, got at ${at || "its top"}: ${issue!.message}`,
  );
}

/** Rows of the table that a column's ids point into; 0 where the column gives numbers. */
export function vocabularySize(encoding: DataEncoding, column: string): number {
  const own = encoding.columns[column]!;
  switch (own.kind) {
    case "built":
      return FIRST_VALUE_ID + own.values.length;
    case "hashed":
      return FIRST_VALUE_ID + own.rows;
    case "shared":
      return vocabularySize(encoding, own.with);
    case "buckets":
      return FIRST_VALUE_ID + own.boundaries.length + 1;
    default:
      return 0;
  }
}

/** Id of a value of a built vocabulary; undefined where it is not in it, or the column has none. */
export function vocabularyId(encoding: DataEncoding, column: string, value: string): number | undefined {
  const own = encoding.columns[column];
  if (own?.kind === "shared") return vocabularyId(encoding, own.with, value);
  const at = own?.kind === "built" ? own.values.indexOf(value) : -1;
  return at < 0 ? undefined : FIRST_VALUE_ID + at;
}

/**
 * Checks that a loaded encoding was made with these columns.
 *
 * @throws {ConfigError} a feature has no encoding, or one of another kind.
 */
export function checkEncoding(encoding: DataEncoding, columns: Readonly<Record<string, ColumnConfig>>): void {
  for (const [name, column] of Object.entries(columns)) {
    if (!isFeature(column)) continue;
    const kind = encodingKind(column);
    const found = encoding.columns[name];
    if (found?.kind === kind && (found.kind !== "shared" || found.with === sharedWith(column))) continue;
    const got = found === undefined ? "none" : `${found.kind}${found.kind === "shared" ? ` with ${found.with}` : ""}`;
    const cure = "use the data block that the encoding was made with";
    throw new ConfigError(`data.columns.${name}: the stored encoding must be ${kind}, got ${got}; ${cure}`);
  }
}

/** The kind of encoding that a feature's configuration asks for. */
export function encodingKind(column: ColumnConfig): ColumnEncoding["kind"] {
  if (sharedWith(column) !== undefined) return "shared";
  if (hasVocabulary(column)) return column.vocabulary?.kind ?? "built";
  if (isFeature(column) && column.kind === "numeric") {
    return column.buckets === undefined ? (column.transform ?? "standardise") : "buckets";
  }
  throw new ConfigError(`encodingKind: a column must be a feature, got role ${column.role}`);
}

function sharedWith(column: ColumnConfig): string | undefined {
  return hasVocabulary(column) ? column.shareWith : undefined;
}
