import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";
import { dataConfig } from "../../data/config.ts";
import { checkConfig } from "./check-config.ts";
import { crossCheck } from "./cross-check.ts";
import { distillTerm } from "./distill-config.ts";
import { inBatchConfig } from "./hard-loss-config.ts";
import { type LoadedConfig, loadConfig, type Origin } from "./load-config.ts";
import { type StudentConfig, shareConfig, studentConfig, teacherConfig } from "./model-config.ts";
import { negativesConfig } from "./negatives-config.ts";
import { scoreConfig } from "./score-config.ts";
import { scoresConfig } from "./scores-config.ts";
import { startConfig } from "./start-config.ts";
import { evaluateConfig, trainConfig } from "./train-config.ts";

/** Schema of a run's whole configuration. Unknown keys are errors. */
export const runConfig = strict({
  seed: z.int().min(0).default(1).describe("Seed of first values, shuffling, negatives and dropout."),
  data: dataConfig,
  negatives: negativesConfig.optional().describe("Sampled negatives beside each training row; none by default."),
  inBatch: inBatchConfig.optional().describe("More columns for the in-batch losses, and where their log q comes from."),
  teacher: teacherConfig.optional(),
  student: studentConfig.optional(),
  frozen: strict({
    run: z.string().min(1).describe("Run folder, relative to the configuration."),
    model: choice(["teacher", "student"])
      .default("teacher")
      .describe("Which of its models; a student's one score stands for every head (self-distillation)."),
  })
    .optional()
    .describe("A finished run whose model teaches online, as it is: features are encoded as in that run."),
  scores: scoresConfig.optional().describe("A score store that the student learns from in place of a teacher."),
  start: startConfig.optional().describe("What an earlier run hands on."),
  share: shareConfig.describe("Features whose tables teacher and student have in common; each has its own by default."),
  distill: z.array(distillTerm).default([]).describe("What the student learns from the teacher."),
  score: scoreConfig.optional().describe("What a teacher writes into a score store (twinstill score)."),
  train: trainConfig,
  evaluate: evaluateConfig,
}).superRefine((config, context) => crossCheck(config, context));

/** A run's configuration, checked, defaults filled in. */
export type RunConfig = z.infer<typeof runConfig> & {
  /** The student of a frozen run that teaches here; put in where the run is read (starting-point.ts). */
  readonly frozenStudent?: StudentConfig;
};

/** True where a run has a model that teaches, trained beside the student or frozen. */
export const hasTeacher = ({ teacher, frozenStudent }: Pick<RunConfig, "teacher" | "frozenStudent">): boolean =>
  teacher !== undefined || frozenStudent !== undefined;

/** A checked configuration with what is needed to explain and use it. */
export interface ResolvedConfig {
  readonly config: RunConfig;
  readonly origins: ReadonlyMap<string, Origin>;
  /** Folder that data paths are relative to. */
  readonly folder: string;
}

/**
 * Checks the configuration that a run folder holds.
 *
 * @throws {ConfigError} with every wrong field at once.
 */
export function storedRunConfig(file: string, stored: unknown): RunConfig {
  return checkConfig(runConfig, { value: stored as LoadedConfig["value"], origins: new Map(), folder: file });
}

/**
 * Reads, merges and checks a run's configuration.
 *
 * @throws {ConfigError} with every wrong field at once: file, line, path, what was expected, the nearest name.
 */
export function readRunConfig(file: string, sets: readonly string[] = []): ResolvedConfig {
  const loaded = loadConfig(file, sets);
  return { config: checkConfig(runConfig, loaded), origins: loaded.origins, folder: loaded.folder };
}
