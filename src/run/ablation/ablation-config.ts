import { readFileSync } from "node:fs";
import { parseDocument } from "yaml";
import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";
import { ConfigError } from "../../errors.ts";
import { searchConfig } from "./search-config.ts";

/** Settings by dotted path. */
const settings = z.record(z.string().min(1), z.unknown());
const name = z.string().regex(/^[A-Za-z0-9][\w.=-]*$/, "names must be letters, digits and . = _ -");

const axis = z
  .union([z.array(z.unknown()).min(1), z.record(name, settings)])
  .describe("Values of a setting (the axis is named by its path), or named variants of several settings.");

/** What a distilled student's gain is read beside. */
export const CONTROLS = ["alone", "self-distilled", "teacher", "warm-start", "label-smoothing"] as const;
export type ControlName = (typeof CONTROLS)[number];
const controlName = choice(CONTROLS);

const featureNames = z.array(z.string().min(1)).min(1);

/** Rows for features that are taken from the models. */
const features = strict({
  permute: z
    .union([z.literal("all"), featureNames])
    .optional()
    .describe("Features whose values are exchanged among the test rows of the base's finished runs."),
  repeats: z.int().min(1).default(3).describe("Permutations of each feature and run; their mean is the row's value."),
  seed: z.int().min(0).default(1).describe("Seed of the permutations."),
  drop: strict({
    teacher: z.union([z.literal("all"), featureNames]).optional(),
    student: z.union([z.literal("all"), featureNames]).optional(),
  })
    .prefault({})
    .describe("Features that a model is trained again without, one at a time."),
});

/** Schema of an ablation's YAML file. */
export const ablationConfig = strict({
  base: z.string().min(1).describe("Configuration of the base run, relative to this file."),
  set: settings.default({}).describe("Settings that every run has, the base included."),
  design: choice(["grid", "one-factor", "leave-one-out"])
    .default("grid")
    .describe("All combinations; the base with one axis changed at a time; or every axis at its first value but one."),
  axes: z.record(z.string().min(1), axis).default({}),
  variants: z.record(name, settings).default({}).describe("Named runs, in place of axes or beside them."),
  exclude: z.array(settings).default([]).describe("Combinations to leave out: those that have all of these settings."),
  controls: z
    .union([z.array(controlName), z.partialRecord(controlName, settings)], {
      error: () => `must be a list of ${CONTROLS.join(", ")}, or a map of them to more settings; [] for none`,
    })
    .optional()
    .describe("Controls beside the variants, or controls with more settings; default: all that the base allows."),
  features: features.optional(),
  search: searchConfig.optional(),
  seeds: z.array(z.int().min(0)).min(1).default([1, 2, 3]),
  metrics: z.array(z.string()).min(1).describe("Columns of the result, such as student/recall@10."),
  resamples: z.int().min(100).max(100_000).default(1000).describe("Samples of the bootstrap over users."),
}).superRefine(({ seeds, metrics }, context) => {
  for (const [field, values] of Object.entries({ seeds, metrics }) as [string, readonly (string | number)[]][]) {
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined)
      context.addIssue({ code: "custom", path: [field], message: `must differ, got ${JSON.stringify(twice)} twice` });
  }
});

export type AblationConfig = z.infer<typeof ablationConfig>;

/**
 * Reads and checks an ablation's YAML file.
 *
 * @throws {ConfigError} naming every wrong field.
 */
export function readAblationConfig(file: string): AblationConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(`${file}: file must be readable, got ${(error as NodeJS.ErrnoException).code}`);
  }
  const document = parseDocument(text, { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem) throw new ConfigError(`${file}:${problem.linePos?.[0].line ?? "?"}: ${problem.message.split("\n")[0]}`);
  const parsed = ablationConfig.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map(({ path, message }) => `${file}: ${path.join(".") || "file"}: ${message}`).join("\n"),
  );
}
