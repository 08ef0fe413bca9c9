import { z } from "zod";
import { DataError } from "../../errors.ts";
import { DTYPES, KEY_COLUMNS } from "./score-columns.ts";

/** Version of the store's layout; written into it and checked when it is opened. */
export const STORE_FORMAT = 1;

/** What a store can hold: the rows of the data, sampled pairs, and lists of items for each user. */
export const SECTIONS = ["rows", "candidates", "top", "uniform"] as const;
export type SectionName = (typeof SECTIONS)[number];

const count = z.int().min(0);
const hash = z.string().regex(/^[0-9a-f]{16,64}$/);

/** A range of times, in the unit of the data's time column. */
const days = z.strictObject({ column: z.string(), from: z.number(), to: z.number() });

/** Rows that a teacher was trained on: by file content, so that they are found again wherever the file lies. */
export const trainedRows = z.strictObject({
  rows: count,
  days: days.nullable(),
  files: z.array(z.strictObject({ name: z.string(), sha256: hash, rows: count, trained: z.string() })),
});

const teacher = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("run"),
    /** Which of the run's models: its ranker, or its two-tower student. */
    model: z.enum(["teacher", "student"]),
    /** Name of the run's folder and checkpoint, for messages. */
    run: z.string(),
    checkpoint: z.string(),
    weights: hash,
    features: hash,
    trained: trainedRows,
  }),
  z.strictObject({ kind: z.literal("imported"), name: z.string() }),
]);

const sectionPlan = z.strictObject({
  keys: z.array(z.enum(KEY_COLUMNS)).min(1),
  /** What the rows are, in the words of the `score` block. */
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/** What a store is, known before the first score: what a job that goes on must agree with. */
export const storeHeader = z.strictObject({
  format: z.literal(STORE_FORMAT),
  teacher,
  schema: z.strictObject({
    user: z.string(),
    item: z.string(),
    request: z.string().nullable(),
    /** The columns that the teacher reads, as its configuration describes them. */
    columns: z.record(z.string(), z.json()),
  }),
  source: z.strictObject({
    part: z.string(),
    files: z.array(z.strictObject({ name: z.string(), sha256: hash, start: count })),
  }),
  heads: z.array(z.string().min(1)).min(1),
  values: z.enum(["logit", "probability", "score", "rank"]),
  dtype: z.enum(DTYPES),
  compression: z.enum(["none", "zstd"]),
  sections: z.partialRecord(z.enum(SECTIONS), sectionPlan),
  /** Parallel jobs that the shards are dealt to. */
  jobs: z.int().min(1),
});
export type StoreHeader = z.infer<typeof storeHeader>;
export type TeacherIdentity = StoreHeader["teacher"];
export type TrainedRows = z.infer<typeof trainedRows>;
export type DayRange = z.infer<typeof days>;

const summary = z.strictObject({
  min: z.number(),
  mean: z.number(),
  max: z.number(),
  quantiles: z.array(z.number()).length(101).readonly(),
});

/** One file of a section. */
export const shardReceipt = z.strictObject({
  file: z.string().regex(/^[a-z]+-\d{5,}\.arrow$/),
  rows: z.int().min(1),
  bytes: z.int().min(1),
  sha256: hash,
  heads: z.record(z.string(), summary),
});
export type ShardReceipt = z.infer<typeof shardReceipt>;

/** What a finished job found out beside its shards. */
export const jobReport = z.strictObject({
  /** Shards of all jobs together, by section. */
  shards: z.partialRecord(z.enum(SECTIONS), count),
  /** Rows of each source file. */
  fileRows: z.array(count),
  /** Rows of the part that were to be scored, and those that got a score. */
  coverage: z.strictObject({ scored: count, of: count }),
  /** Times of the scored rows. */
  day: days.nullable(),
});
export type JobReport = z.infer<typeof jobReport>;

const section = z.strictObject({
  rows: count,
  heads: z.record(z.string(), summary),
  shards: z.array(shardReceipt).readonly(),
});

/** A whole store: `manifest.json`. */
export const storeManifest = storeHeader.extend({
  ...jobReport.omit({ shards: true }).shape,
  content: z.partialRecord(z.enum(SECTIONS), section),
});
export type StoreManifest = z.infer<typeof storeManifest>;

/**
 * Checks a file of the store that was read as JSON.
 *
 * @throws {DataError} it has another format version, or a field is missing or wrong (named).
 */
export function parseStoreFile<T>(path: string, schema: z.ZodType<T>, value: unknown): T {
  const format = (value as { readonly format?: unknown } | null)?.format;
  if (format !== undefined && format !== STORE_FORMAT) {
    throw new DataError(
      `${path}: score store must have format ${STORE_FORMAT}, got ${String(format)}; use the version of twinstill that wrote it`,
    );
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new DataError(
    `${path}: ${issue!.path.join(".") || "file"} must be what the store's writer wrote, got: ${issue!.message}`,
  );
}
