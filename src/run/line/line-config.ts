import { dirname, resolve } from "node:path";
import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";
import { PART_NAMES } from "../../data/source-files.ts";
import { ConfigError } from "../../errors.ts";
import { checkConfig } from "../config/check-config.ts";
import { loadConfig } from "../config/load-config.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -");
const config = z.string().min(1).describe("YAML file, relative to this one.");
const set = z
  .record(z.string().min(1), z.unknown())
  .default({})
  .describe(
    "Settings by dotted path; {day}, {next} and {after} stand for the day, the next, and the one after, {seed} for the seed.",
  );

const earlierRun = strict({
  run: name.describe("Step whose run it is."),
  previousDay: z.boolean().default(false).describe("The run of the day before; the first day goes without."),
  weights: z.boolean().default(false).describe("Takes its weights as first values too, not its encoding alone."),
});

const train = strict({
  name,
  train: config,
  scores: name.optional().describe("Step whose score store it learns from."),
  frozen: name.optional().describe("Step whose ranker teaches online, as it is."),
  start: earlierRun.optional(),
  set,
});
const score = strict({
  name,
  score: config,
  teacher: name.describe("Step that trained the model that scores."),
  model: choice(["teacher", "student"]).optional().describe("Which model of that run; default: its ranker."),
  data: choice(PART_NAMES).default("train").describe("Part of the data whose rows are scored."),
  set,
});

/** Schema of a line's YAML file. */
export const lineConfig = strict({
  steps: z
    .array(z.union([train, score], { error: () => "must be { name, train: file } or { name, score: file, teacher }" }))
    .min(1),
  days: strict({ from: z.int(), to: z.int() })
    .optional()
    .describe("Runs the steps for each day, from the first to the last; days may fall."),
  seed: z.int().min(0).optional().describe("Of every step, in place of the configurations' own; --seed names another."),
  set: set.describe("Settings of every step, as in its own set, which goes on top."),
  metrics: z.array(z.string()).min(1).describe("Columns of the table."),
});
export type LineConfig = z.infer<typeof lineConfig>;
export type LineStepConfig = LineConfig["steps"][number];

/** A line's configuration and the folder that its files are relative to. */
export interface ResolvedLine {
  readonly config: LineConfig;
  readonly folder: string;
}

/**
 * Reads and checks a line's YAML file.
 *
 * @throws {ConfigError} naming every wrong field.
 */
export function readLineConfig(file: string): ResolvedLine {
  const config = checkConfig(lineConfig, loadConfig(file));
  checkReferences(file, config);
  return { config, folder: dirname(resolve(file)) };
}

/** Days of a line in order; [undefined] where it has none. */
export function daysOf({ days }: LineConfig): readonly (number | undefined)[] {
  if (days === undefined) return [undefined];
  const length = Math.abs(days.to - days.from) + 1;
  return Array.from({ length }, (_, i) => days.from + i * direction(days));
}

/** 1 where days rise, -1 where they fall. */
export function direction({ from, to }: NonNullable<LineConfig["days"]>): 1 | -1 {
  return to < from ? -1 : 1;
}

/**
 * `a..b` of `--days`.
 *
 * @throws {ConfigError} it is none.
 */
export function parseDays(text: string): NonNullable<LineConfig["days"]> {
  const match = /^(-?\d+)\.\.(-?\d+)$/.exec(text);
  if (match === null) throw new ConfigError(`--days: must be first..last, got "${text}"`);
  return { from: Number(match[1]), to: Number(match[2]) };
}

function checkReferences(file: string, { steps, days }: LineConfig): void {
  const wrong: string[] = [];
  const seen = new Map<string, "train" | "score">();
  const check = (i: number, field: string, wanted: "train" | "score", step: string, known = seen): void => {
    if (known.get(step) !== wanted)
      wrong.push(`steps.${i}.${field}: must name an earlier ${wanted} step, got "${step}"`);
  };
  const all = new Map(steps.map((step) => [step.name, "train" in step ? "train" : "score"] as const));
  steps.forEach((step, i) => {
    if (seen.has(step.name)) wrong.push(`steps.${i}.name: must be unique, got "${step.name}" twice`);
    if ("score" in step) check(i, "teacher", "train", step.teacher);
    else {
      if (step.scores !== undefined) check(i, "scores", "score", step.scores);
      if (step.frozen !== undefined) check(i, "frozen", "train", step.frozen);
      if (step.start !== undefined) check(i, "start.run", "train", step.start.run, step.start.previousDay ? all : seen);
      if (step.start?.previousDay && days === undefined)
        wrong.push(`steps.${i}.start.previousDay: cannot take effect: the line has no days`);
    }
    seen.set(step.name, "train" in step ? "train" : "score");
  });
  if (wrong.length > 0) throw new ConfigError(wrong.map((text) => `${file}: ${text}`).join("\n"));
}
