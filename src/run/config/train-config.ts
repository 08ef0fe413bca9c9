import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import { rateConfig } from "./schedule-config.ts";
import { slicesConfig } from "./slices-config.ts";

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
  rate: rateConfig.describe("Learning rate of dense parameters and dense tables, or a schedule of it."),
  tableRate: rateConfig.optional().describe("Learning rate of row-updated tables, or a schedule; default: rate."),
  dense: denseOptimiser.prefault({ kind: "adam" }),
  table: tableOptimiser.prefault({ kind: "adagrad" }),
  clipNorm: z.number().positive().optional().describe("Largest joint norm of the group's gradients."),
  l2: z
    .number()
    .min(0)
    .default(0)
    .describe("Adds l2 * parameter to the gradient of dense parameters and dense tables."),
});

/** The same where the phase says how rates fall. */
export const steadyOptimiserConfig = optimiserConfig.extend({
  rate: z.number().positive().describe("Learning rate of dense parameters and dense tables."),
  tableRate: z.number().positive().optional().describe("Learning rate of row-updated tables; default: rate."),
});

export type OptimiserConfig = z.infer<typeof optimiserConfig>;

const metric = strict({
  metric: z.string(),
  mode: choice(["max", "min"]).default("max"),
  model: choice(["teacher", "student"]).default("student"),
});

const until = z.discriminatedUnion(
  "kind",
  [
    strict({ kind: z.literal("steps"), steps: z.int().min(1) }),
    strict({ kind: z.literal("epochs"), epochs: z.int().min(1) }),
    strict({
      kind: z.literal("plateau").describe("A metric on the validation part has stopped getting better."),
      ...metric.shape,
      patience: z.int().min(1).default(1).describe("Evaluations without a better value."),
      least: z.number().min(0).default(0).describe("Smaller gains do not count."),
    }),
    strict({
      kind: z
        .literal("loss-plateau")
        .describe("The mean training loss of a window is hardly below that of the one before."),
      window: z.int().min(1).default(200).describe("Steps of a window."),
      tolerance: z.number().min(0).default(0.01).describe("Relative gain that still counts as getting better."),
    }),
  ],
  unknownChoice(["steps", "epochs", "plateau", "loss-plateau"], "kind"),
);

/** Stages of training: which terms count, and what ends each. */
const stages = z
  .array(
    strict({
      name: z.string().regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -"),
      until: until.optional().describe("What ends the stage; every stage but the last has it."),
    }),
  )
  .min(2)
  .superRefine((all, context) => {
    const names = all.map(({ name }) => name);
    all.forEach(({ name, until: end }, i) => {
      if (names.indexOf(name) !== i)
        context.addIssue({ code: "custom", path: [i, "name"], message: `must be unique, got "${name}" twice` });
      if ((end === undefined) !== (i === all.length - 1))
        context.addIssue({
          code: "custom",
          path: [i, "until"],
          message: end === undefined ? "must say what ends the stage" : "the last stage goes on to the end",
        });
    });
  });

/** The `train` block. */
export const trainConfig = strict({
  batchSize: z.int().min(1).max(1_048_576),
  epochs: z.int().min(1).max(100_000),
  teacher: optimiserConfig.optional().describe("Optimiser of the teacher's parameters."),
  student: optimiserConfig.optional().describe("Optimiser of the student's parameters."),
  terms: optimiserConfig
    .optional()
    .describe("Optimiser of what loss terms learn (weights, scales, projections); default: the student's, without l2."),
  stages: stages.optional().describe("Stages of training; terms name those that they belong to."),
  diagnose: strict({ every: z.int().min(1) })
    .optional()
    .describe(
      "Steps between measurements of each term's gradient norm and of the cosine of hard and distilled gradients.",
    ),
  balance: strict({
    every: z.int().min(1).default(100).describe("Steps between adjustments."),
    alpha: z
      .number()
      .min(0)
      .default(1)
      .describe("How much more gradient terms get that learn more slowly than the others."),
    rate: z
      .number()
      .positive()
      .max(1)
      .default(0.1)
      .describe("Share of the way to the target in one adjustment, in logs."),
  })
    .optional()
    .describe("Adjusts the weights of the student's terms until their gradient norms are alike."),
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
  metrics: z
    .array(z.string())
    .default([])
    .describe("More metrics by name, such as ece, coverage@10 or overlap@10: docs/evaluation.md lists them."),
  slices: slicesConfig.default({}).describe("Groups of test rows that are measured one by one, by name."),
  every: z.int().min(1).default(1).describe("Epochs between evaluations on the validation part."),
  monitor: metric
    .optional()
    .describe("Metric on the validation part that picks the best checkpoint; without it the last one is kept."),
});

export type TrainConfig = z.infer<typeof trainConfig>;
export type EvaluateConfig = z.infer<typeof evaluateConfig>;
export type StagesConfig = z.infer<typeof stages>;
