import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";

const beta = z.number().min(0).lt(1);
const adamFields = {
  beta1: beta.default(0.9),
  beta2: beta.default(0.999),
  epsilon: z.number().positive().default(1e-8),
};
const adagradFields = {
  epsilon: z.number().positive().default(1e-7),
  initialAccumulator: z.number().min(0).default(0.1),
};

const denseOptimiser = z.discriminatedUnion(
  "kind",
  [
    strict({ kind: z.literal("sgd") }),
    strict({ kind: z.literal("momentum"), momentum: beta.default(0.9), nesterov: z.boolean().default(false) }),
    strict({ kind: z.literal("adam"), ...adamFields }),
    strict({ kind: z.literal("adamw"), ...adamFields, weightDecay: z.number().min(0) }),
    strict({ kind: z.literal("adagrad"), ...adagradFields }),
  ],
  unknownChoice(["sgd", "momentum", "adam", "adamw", "adagrad"], "kind"),
);

const tableOptimiser = z.discriminatedUnion(
  "kind",
  [
    strict({ kind: z.literal("sgd") }),
    strict({ kind: z.literal("adagrad"), ...adagradFields }),
    strict({ kind: z.literal("row-wise-adagrad"), ...adagradFields }),
    strict({ kind: z.literal("lazy-adam"), ...adamFields }),
  ],
  unknownChoice(["sgd", "adagrad", "row-wise-adagrad", "lazy-adam"], "kind"),
);

/** One optimiser block. */
export const optimiserConfig = strict({
  rate: z.number().positive().describe("Learning rate of dense parameters and dense tables."),
  tableRate: z.number().positive().optional().describe("Learning rate of row-updated tables; default: rate."),
  dense: denseOptimiser.prefault({ kind: "adam" }),
  table: tableOptimiser.prefault({ kind: "adagrad" }),
  clipNorm: z.number().positive().optional().describe("Largest joint norm of the group's gradients."),
  l2: z
    .number()
    .min(0)
    .default(0)
    .describe("Adds l2 * parameter to the gradient of dense parameters and dense tables."),
});

export type OptimiserConfig = z.infer<typeof optimiserConfig>;

/** The `negatives` block. */
export const negativesConfig = strict({
  kind: choice(["random", "frequency", "stored"]).describe(
    "Uniform over the items, by training frequency, or the row's candidates of the score store.",
  ),
  count: z.int().min(1).max(10_000).describe("Negatives for each row."),
  power: z.number().min(0).optional().describe("Exponent of the frequency; default 1."),
  excludeKnown: z.boolean().default(true).describe("Draws again where the user has the item in training."),
});

/** The `train` block. */
export const trainConfig = strict({
  batchSize: z.int().min(1).max(1_048_576),
  epochs: z.int().min(1).max(100_000),
  teacher: optimiserConfig.optional().describe("Optimiser of the teacher's parameters."),
  student: optimiserConfig.optional().describe("Optimiser of the student's parameters."),
  workers: z
    .union([z.literal(0), z.literal(1), z.literal(2)])
    .default(1)
    .describe("Threads that prepare batches; 0 prepares them in between steps."),
  patience: z.int().min(1).optional().describe("Evaluations without a better monitored metric before training stops."),
  logEvery: z.int().min(1).default(10).describe("Steps between logged training steps."),
  keepLast: z.int().min(1).default(1).describe("Checkpoints kept beside the best one."),
  checkpointEvery: z
    .int()
    .min(1)
    .optional()
    .describe("Steps between checkpoints; default: one at the end of each epoch."),
});

/** The `evaluate` block. */
export const evaluateConfig = strict({
  labels: strict({ ctr: z.string(), ctcvr: z.string() }).describe(
    "Labels that ctr/auc and ctcvr/auc are measured against, on exposed rows.",
  ),
  relevant: z
    .string()
    .optional()
    .describe("Label that makes an item relevant for recall@k and its kin; without it they are not computed."),
  alsoRelevant: z
    .record(z.string().regex(/^[a-z][a-z0-9-]*$/), z.string())
    .default({})
    .describe("More labels, by the prefix of their metrics: attended gives attended/recall@10."),
  ks: z.array(z.int().min(1)).min(1).default([10, 100]),
  every: z.int().min(1).default(1).describe("Epochs between evaluations on the validation part."),
  monitor: strict({
    metric: z.string(),
    mode: choice(["max", "min"]).default("max"),
    model: choice(["teacher", "student"]).default("student"),
  })
    .optional()
    .describe("Metric on the validation part that picks the best checkpoint; without it the last one is kept."),
});

export type TrainConfig = z.infer<typeof trainConfig>;
export type EvaluateConfig = z.infer<typeof evaluateConfig>;
export type NegativesConfig = z.infer<typeof negativesConfig>;
