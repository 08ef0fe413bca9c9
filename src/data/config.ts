import { z } from "zod";
import { ConfigError } from "../errors.ts";
import { type ColumnConfig, choice, columnConfig, hasVocabulary, strict } from "./column-config.ts";
import { didYouMean } from "./config-messages.ts";
import { pairsConfig } from "./pairs/pair-config.ts";
import { splitConfig } from "./split-config.ts";

const paths = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const source = z
  .union([
    paths,
    strict({
      train: paths.optional(),
      validation: paths.optional(),
      test: paths.optional(),
      history: paths.optional(),
    }),
  ])
  .describe("File, folder or glob, or a list of them, relative to the config file; or one such entry for each part.");

const expression = z.union([z.string().min(1), z.number().transform(String)]);

/** Schema of the `data` block of a run's configuration. Unknown keys are errors. */
export const dataConfig = strict({
  source,
  format: choice(["auto", "csv", "tsv", "parquet", "arrow-file", "arrow-stream"])
    .default("auto")
    .describe("Format of the files; auto goes by the ending of each name."),
  expectedRows: z
    .int()
    .min(1)
    .optional()
    .describe("Rows that the files must hold together; text files cannot tell themselves."),
  items: paths
    .optional()
    .describe("File of the whole corpus, with the item columns: items that no row has are added to it."),
  columns: z.record(z.string().min(1), columnConfig).describe("The columns that are read, by their name in the files."),
  labels: z.record(z.string(), expression).describe("Label by name: an expression over columns that gives 0 or 1."),
  pairs: pairsConfig,
  implies: z
    .record(z.string(), z.string())
    .default({})
    .describe("Label to label: where the first is 1 the second must be 1."),
  split: splitConfig
    .optional()
    .describe("How rows are parted. Without it, and without a source for each part, all rows train."),
}).superRefine((config, context) => {
  const complain = (path: readonly PropertyKey[], message: string): void =>
    context.addIssue({ code: "custom", path: [...path], message });
  checkColumns(config.columns, complain);
  checkLabels(config, complain);
  checkSplit(config, complain);
});

/** The `data` block, checked, defaults filled in. */
export type DataConfig = z.infer<typeof dataConfig>;
/** The `data` block as it is written. */
export type DataConfigInput = z.input<typeof dataConfig>;

/**
 * Checks a `data` block and fills in its defaults.
 *
 * @throws {ConfigError} naming every wrong field by its path.
 */
export function parseDataConfig(input: unknown): DataConfig {
  const result = dataConfig.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map((issue) => `${["data", ...issue.path].join(".")}: ${issue.message}`);
  throw new ConfigError(lines.join("\n"));
}

/** The first column of `role` and kind id: the key of users or of items. */
export function keyColumn(columns: Readonly<Record<string, ColumnConfig>>, role: "user" | "item"): string {
  const found = Object.entries(columns).find(([, column]) => column.role === role && column.kind === "id");
  if (found === undefined)
    throw new ConfigError(`data.columns: one column must have role ${role} and kind id, got none`);
  return found[0];
}

/** The one column of `role`, or undefined. */
export function soleColumn(
  columns: Readonly<Record<string, ColumnConfig>>,
  role: "time" | "weight" | "group",
): string | undefined {
  return Object.entries(columns).find(([, column]) => column.role === role)?.[0];
}

type Complain = (path: readonly PropertyKey[], message: string) => void;
type Columns = Readonly<Record<string, ColumnConfig>>;

function checkColumns(columns: Columns, complain: Complain): void {
  for (const role of ["user", "item"] as const) {
    const key = Object.entries(columns).find(([, column]) => column.role === role && column.kind === "id");
    if (key === undefined) complain(["columns"], `one column must have role ${role} and kind id, got none`);
    else if ("missing" in key[1] && key[1].missing === "oov") {
      complain(["columns", key[0], "missing"], `the ${role} key must not be missing; drop such rows from the data`);
    }
  }
  for (const role of ["time", "weight", "group"]) {
    const names = Object.keys(columns).filter((name) => columns[name]!.role === role);
    if (names.length > 1) complain(["columns"], `at most one column may have role ${role}, got ${names.join(", ")}`);
  }
  for (const name of Object.keys(columns)) checkSharing(name, columns, complain);
}

function checkSharing(name: string, columns: Columns, complain: Complain): void {
  const column = columns[name]!;
  if (!hasVocabulary(column) || column.shareWith === undefined) return;
  const path = ["columns", name, "shareWith"];
  const owner = columns[column.shareWith];
  const candidates = Object.keys(columns).filter((other) => other !== name && hasVocabulary(columns[other]!));
  if (owner === undefined || !candidates.includes(column.shareWith)) {
    const hint = didYouMean(column.shareWith, candidates);
    complain(path, `must name another column with a vocabulary, got ${JSON.stringify(column.shareWith)}${hint}`);
  } else if (hasVocabulary(owner) && owner.shareWith !== undefined) {
    complain(path, `must name the column that owns the vocabulary: ${JSON.stringify(owner.shareWith)}`);
  }
  if (column.vocabulary !== undefined) {
    complain(["columns", name, "vocabulary"], `cannot take effect: the vocabulary is that of ${column.shareWith}`);
  }
}

function checkLabels(config: { labels: object; implies: Record<string, string> }, complain: Complain): void {
  const names = Object.keys(config.labels);
  for (const name of names.filter((candidate) => !/^[A-Za-z][\w-]*$/.test(candidate))) {
    complain(["labels", name], "the name must be a letter, then letters, digits, _ or -");
  }
  if (names.length === 0) complain(["labels"], 'must name at least one label, such as attended: "1"');
  for (const [from, to] of Object.entries(config.implies)) {
    for (const name of [from, to]) {
      if (names.includes(name)) continue;
      complain(["implies", from], `must join two labels, got ${JSON.stringify(name)}${didYouMean(name, names)}`);
    }
  }
}

function checkSplit(
  config: { source: unknown; split?: z.infer<typeof splitConfig> | undefined; columns: Columns },
  complain: Complain,
): void {
  const { split, columns } = config;
  if (typeof config.source === "object" && !Array.isArray(config.source)) {
    if (Object.values(config.source ?? {}).every((part) => part === undefined)) {
      complain(["source"], "must name a file for at least one part");
    }
    if (split !== undefined) complain(["split"], "cannot take effect: the source is already given for each part");
  }
  const needsTime = split?.by === "time" || (split?.by === "ratio" && split.order === "time");
  if (needsTime && soleColumn(columns, "time") === undefined) {
    complain(["split", "by"], "needs a column of role time; give one in data.columns");
  }
}
