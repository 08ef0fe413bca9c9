import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import { dataConfig } from "../../data/config.ts";
import { checkConfig } from "../config/check-config.ts";
import { loadConfig, type Origin } from "../config/load-config.ts";
import { catalogueSource } from "../config/negatives-config.ts";
import { weightConfig } from "../config/schedule-config.ts";
import { steadyOptimiserConfig } from "../config/train-config.ts";
import { checkCascade } from "./check-cascade.ts";
import { objectiveConfig } from "./objective.ts";
import { stageModelConfig } from "./stage-model.ts";

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -");
const size = z.int().min(1).max(1_000_000);
const none = z.int().min(0).max(1_000_000);

const stage = strict({
  name,
  passes: size.describe("Items that it hands to the next stage; the last one's are shown."),
  model: stageModelConfig,
});

const period = strict({ every: size.default(1), unit: choice(["phases", "rounds", "steps"]).default("phases") });

/** What all spaces of lists have in common. */
const lists = {
  requests: size.default(2000).describe("Lists of one build: training rows drawn anew, each with its user."),
  batchSize: size.default(32).describe("Lists of a batch."),
  refresh: period.prefault({}).describe("Age at which the lists are built again, when the next phase starts."),
  stale: choice(["error", "warning"])
    .default("error")
    .describe("What it is that lists grow older than their period while a phase uses them."),
};

const negatives = z
  .union([catalogueSource, z.array(catalogueSource).min(1)], {
    error: () => "must be a source of negatives of kind random or frequency, or a list of them",
  })
  .transform((given) => (Array.isArray(given) ? given : [given]))
  .describe("Sampled negatives beside each row.");

const space = z.discriminatedUnion(
  "kind",
  [
    strict({
      kind: z.literal("rows").describe("Exposed rows, with or without sampled negatives."),
      where: z.string().optional().describe("Only rows with this label: clicked, for one."),
      batchSize: size,
      negatives: negatives.optional(),
      negativeWeight: z.number().positive().default(1).describe("Weight of each sampled negative; a row's own is 1."),
    }),
    strict({
      kind: z.literal("ranked").describe("What a stage ranks highest of what the stages before it pass."),
      stage: name,
      from: none.default(0).describe("First rank, from 0."),
      to: size.optional().describe("Rank after the last; default: what the stage passes."),
      uniform: none.default(0).describe("Items of the corpus, drawn alike, that are added."),
      ...lists,
    }),
    strict({ kind: z.literal("random").describe("Items of the corpus, drawn alike."), count: size, ...lists }),
    strict({
      kind: z.literal("logged").describe("Items of requests that a cascade logged, from a table of its stages."),
      file: z
        .string()
        .min(1)
        .describe("Parquet or Arrow, relative to the configuration: one row an item of a request."),
      columns: strict({
        request: z.string().default("request"),
        user: z.string().default("user"),
        item: z.string().default("item"),
        stage: z.string().default("stage").describe("Number of the last stage that the item reached; higher is later."),
        rank: z.string().default("rank").describe("Place there; no place twice in a request's stage."),
      }).prefault({}),
      only: strict({ column: z.string(), from: z.number().optional(), to: z.number().optional() })
        .optional()
        .describe("Rows whose value of a numeric column lies in [from, to]: days before the held-out ones."),
      reached: none.default(0).describe("Least stage of the items that are taken."),
      count: size.describe("Items of each request, drawn alike among those."),
      uniform: none.default(0).describe("Items of the corpus, drawn alike, that are added."),
      ...lists,
      refresh: period.optional().describe("Age from which they are stale; they cannot be built again. Default: never."),
    }),
    strict({
      kind: z.literal("in-batch").describe("For each training row, the items of all rows of its batch."),
      ...lists,
    }),
  ],
  unknownChoice(["rows", "ranked", "random", "logged", "in-batch"], "kind"),
);

const term = strict({
  stage: z
    .union([name, z.array(name).min(1)])
    .transform((given) => (Array.isArray(given) ? given : [given]))
    .describe("Who learns; several, in their order, for cascade-ranking."),
  space: name.describe("On which items."),
  loss: objectiveConfig,
  tutor: name.optional().describe("Stage whose scores it learns from; not for labels."),
  weight: weightConfig.describe("A number >= 0, or a schedule over the steps of the phase."),
});

const phase = strict({
  name,
  terms: z.array(term).min(1),
  epochs: size.default(1).describe("Passes over the space of the first term."),
  optimiser: steadyOptimiserConfig,
  rates: z
    .record(name, z.number().positive())
    .default({})
    .describe("Learning rate by stage, in place of the optimiser's."),
  finalRate: z
    .number()
    .positive()
    .max(1)
    .default(1)
    .describe("Share of the rates at the end, reached in a straight line."),
});

/** Schema of the configuration of a cascade's training. */
export const cascadeRunConfig = strict({
  seed: z.int().min(0).default(1),
  data: dataConfig,
  labels: strict({ click: z.string(), conversion: z.string().describe("A click with a conversion.") }),
  stages: z.array(stage).min(2).describe("From the whole corpus to the shown list; the first one is two-tower."),
  spaces: z.record(name, space).describe("Sample spaces by name."),
  warmUp: z.array(phase).default([]).describe("Phases before the first round."),
  rounds: none.default(1),
  round: z.array(phase).default([]).describe("Phases of each round."),
  finish: z.array(phase).default([]).describe("Phases after the last round."),
  start: z
    .record(name, strict({ run: z.string().min(1) }))
    .default({})
    .describe(
      "First weights of stages: those of the stage of that name in an earlier cascade run (path relative to the configuration).",
    ),
  evaluate: strict({
    users: size.default(2000).describe("Most users that lists are made for."),
    relevant: z.string().describe("Label that makes an item relevant."),
    excludeSeen: z.boolean().default(true).describe("Leaves out items of the user's training rows."),
    monitor: z
      .string()
      .optional()
      .describe("Metric that picks the round by the validation part; default: the last round."),
  }),
  logEvery: size.default(10).describe("Steps between logged training steps."),
  keepLast: size.default(1).describe("Checkpoints kept beside the best one."),
}).superRefine((config, context) => checkCascade(config, context));

export type CascadeRunConfig = z.infer<typeof cascadeRunConfig>;
export type PhaseConfig = CascadeRunConfig["round"][number];
export type TermConfig = PhaseConfig["terms"][number];
export type SpaceConfig = CascadeRunConfig["spaces"][string];
export type RowSpaceConfig = Extract<SpaceConfig, { kind: "rows" }>;
export type ListSpaceConfig = Exclude<SpaceConfig, { kind: "rows" }>;
export type StageConfig = CascadeRunConfig["stages"][number];
export type Period = z.infer<typeof period>;

/** A checked configuration of a cascade with the folder that its paths are relative to. */
export interface ResolvedCascade {
  readonly config: CascadeRunConfig;
  readonly origins: ReadonlyMap<string, Origin>;
  readonly folder: string;
}

/**
 * Reads, merges and checks the configuration of a cascade's training.
 *
 * @throws {ConfigError} with every wrong field at once: file, line, path, what was expected, the nearest name.
 */
export function readCascadeConfig(file: string, sets: readonly string[] = []): ResolvedCascade {
  const loaded = loadConfig(file, sets);
  return { config: checkConfig(cascadeRunConfig, loaded), origins: loaded.origins, folder: loaded.folder };
}
