import { z } from "zod";
import { unknownChoice, unknownKey } from "./config-messages.ts";

const FEATURE_ROLES = ["user", "item", "context"] as const;
const KINDS = ["id", "categorical", "numeric", "multi"] as const;
const ROLES = [...FEATURE_ROLES, "label", "time", "weight", "group", "teacher-score", "extra"] as const;

/** A strict object whose error names the nearest of its keys. */
export function strict<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, unknownKey(Object.keys(shape)));
}

/** A string of a closed set whose error names the nearest choice. */
export function choice<const T extends readonly string[]>(choices: T) {
  return z.enum(choices, unknownChoice(choices));
}

const featureRole = choice(FEATURE_ROLES).describe("Which tower or side the feature belongs to.");
const keepMissing = choice(["error", "keep"])
  .default("error")
  .describe("A missing value is an error, or kept for isnull() in expressions.");

const vocabulary = z
  .discriminatedUnion(
    "kind",
    [
      strict({
        kind: z.literal("built").describe("One row for each value of the training part."),
        minCount: z
          .int()
          .min(1)
          .default(1)
          .describe("Values with fewer training rows share the out-of-vocabulary row."),
        corpus: z
          .boolean()
          .default(false)
          .describe("Of an item column: values that only the corpus file (data.items) has get rows of their own too."),
      }),
      strict({
        kind: z.literal("hashed").describe("Values are hashed (xxHash64) into a fixed number of rows."),
        rows: z.int().min(1).max(2_000_000_000).describe("Rows that values are hashed into."),
      }),
    ],
    unknownChoice(["built", "hashed"], "kind"),
  )
  .optional()
  .describe("How values become table rows. Default: built, minCount 1. Not together with shareWith.");

const shareWith = z.string().optional().describe("A column whose vocabulary and table this one uses too.");

const idShape = {
  role: featureRole,
  vocabulary,
  shareWith,
  missing: choice(["error", "oov"]).default("error").describe("A missing value is an error, or out of vocabulary."),
};

const numericColumn = strict({
  role: featureRole,
  kind: z.literal("numeric").describe("A number, as a number or as the id of its bucket."),
  transform: choice(["standardise", "log", "none"])
    .optional()
    .describe(
      "(x - mean) / deviation over the training part, log(1 + x), or x. Default standardise; not with buckets.",
    ),
  buckets: z
    .union([z.int().min(2).max(10_000), z.array(z.number()).min(1)])
    .optional()
    .describe("Number of buckets of equal training mass, or their rising boundaries."),
  missing: z
    .union([z.literal("error"), z.literal("oov"), z.number()])
    .default("error")
    .describe('A missing value is an error, this number, or (buckets only) "oov".'),
})
  .refine((column) => column.transform === undefined || column.buckets === undefined, {
    error: "must have transform or buckets, not both",
  })
  .refine((column) => column.missing !== "oov" || column.buckets !== undefined, {
    path: ["missing"],
    error: '"oov" needs buckets; give the number that stands for a missing value',
  })
  .refine((column) => !Array.isArray(column.buckets) || rising(column.buckets), {
    path: ["buckets"],
    error: "boundaries must rise",
  });

const multiColumn = strict({
  role: featureRole,
  kind: z.literal("multi").describe("Several values a row: a list column, or text with a separator."),
  separator: z.string().min(1).default("|").describe("Between the values of a text column."),
  maxLength: z.int().min(1).max(10_000).describe("Values a row that are kept; shorter rows are padded with id 0."),
  keep: choice(["first", "last"]).default("first").describe("Which values of a longer row are kept."),
  vocabulary,
  shareWith,
  missing: choice(["error", "empty"]).default("error").describe("A missing list is an error, or empty."),
});

const featureColumn = z.discriminatedUnion(
  "kind",
  [
    strict({
      kind: z.literal("id").describe("An identifier; the first of role user (item) is the user's (item's) key."),
      ...idShape,
    }),
    strict({ kind: z.literal("categorical").describe("One of a set of values."), ...idShape }),
    numericColumn,
    multiColumn,
  ],
  unknownChoice(KINDS, "kind"),
);

/** One entry of `data.columns`. */
export const columnConfig = z.discriminatedUnion(
  "role",
  [
    featureColumn,
    strict({ role: z.literal("label").describe("A number that label expressions use."), missing: keepMissing }),
    strict({
      role: z.literal("time").describe("A number or an ISO 8601 date; for splits, never a feature."),
      missing: keepMissing,
    }),
    strict({ role: z.literal("weight").describe("The row's weight in the losses, >= 0.") }),
    strict({ role: z.literal("group").describe("The list or request that the row belongs to.") }),
    strict({ role: z.literal("teacher-score").describe("A teacher's score of the row, kept as it is.") }),
    strict({
      role: z.literal("extra").describe("For expressions and slices only."),
      kind: choice(["numeric", "categorical"]).default("numeric").describe("How it is read."),
      missing: keepMissing,
    }),
  ],
  unknownChoice(ROLES, "role"),
);

/** A column as the config describes it, defaults filled in. */
export type ColumnConfig = z.infer<typeof columnConfig>;
/** A column that models read. */
export type FeatureColumnConfig = z.infer<typeof featureColumn>;
/** How the values of a column become table rows. */
export type VocabularyConfig = NonNullable<z.infer<typeof vocabulary>>;

/** True for columns that models read. */
export function isFeature(column: ColumnConfig): column is FeatureColumnConfig {
  return column.role === "user" || column.role === "item" || column.role === "context";
}

/** True for columns whose values are rows of a table by way of a vocabulary. */
export function hasVocabulary(
  column: ColumnConfig,
): column is Extract<FeatureColumnConfig, { kind: "id" | "categorical" | "multi" }> {
  return isFeature(column) && column.kind !== "numeric";
}

function rising(values: readonly number[]): boolean {
  return values.every((value, i) => Number.isFinite(value) && (i === 0 || value > values[i - 1]!));
}
