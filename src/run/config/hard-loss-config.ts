import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import { weightConfig } from "./schedule-config.ts";

const positiveCount = z.int().min(1).max(1_048_576);
const common = {
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -")
    .optional()
    .describe("What it is logged as; default: kind/label."),
  label: z.string().describe("Rows with this label are positives; the others weigh 0."),
  weight: weightConfig,
  stages: z.array(z.string()).min(1).optional().describe("Stages of training that it belongs to; default: all."),
};
const scores = choice(["cosines", "logits"])
  .default("cosines")
  .describe("cosines: the vectors' dot products; logits: those times the learned scale, plus the offset.");
const margin = z.number().min(0).default(0.1);
const sharpness = z.number().positive().default(1).describe("Multiplies the gap.");
const reduction = choice(["mean", "sum"]).default("mean");
const hardest = positiveCount.optional().describe("Keeps that many negatives with the highest scores; default: all.");
const correction = {
  logQ: choice(["none", "classic", "partial", "negatives-only"]).default("none"),
  logQShare: z.number().positive().max(1).default(0.1).describe("Share of log q that partial takes off."),
};

const maskKnown = z
  .boolean()
  .default(true)
  .describe("Leaves out items that are in the user's training rows, and the row's own item in other places.");

const kinds = [
  strict({
    kind: z
      .literal("binary-cross-entropy")
      .describe("On every row, and on every candidate where negatives are sampled."),
    ...common,
    label: z.string(),
    smoothing: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe("Label smoothing: a label y counts as (1 - smoothing) y + smoothing / 2."),
  }),
  strict({
    kind: z.literal("in-batch-softmax").describe("Each row's item against the items of the batch."),
    ...common,
    maskKnown,
    logQ: choice(["none", "classic", "partial", "negatives-only", "corrected"])
      .default("classic")
      .describe("Correction for items that stand in batches more often than others."),
    logQShare: correction.logQShare,
    scale: z.number().positive().optional().describe("Factor of the cosines; default: the student's learned one."),
    symmetric: z.boolean().default(false).describe("Half of each: items of a user, users of an item."),
    hardest,
  }).refine(({ logQ, hardest: count, symmetric }) => logQ !== "corrected" || (count === undefined && !symmetric), {
    path: ["logQ"],
    message: "corrected cannot be joined with hardest or symmetric",
  }),
  strict({
    kind: z.literal("in-batch-hinge").describe("Each row's item against the hardest items of the batch."),
    ...common,
    maskKnown,
    margin,
    on: scores,
    hardest: positiveCount.default(1),
    reduction: reduction.default("sum").describe("Over users; a mean fades as fewer of them stay short of the margin."),
  }),
  strict({
    kind: z.literal("in-batch-logistic").describe("Each row's item against the hardest items of the batch."),
    ...common,
    maskKnown,
    sharpness,
    on: scores,
    hardest: positiveCount.default(1),
    reduction: reduction.default("sum"),
  }),
  strict({
    kind: z.literal("hinge").describe("Each row's item against its own sampled negatives."),
    ...common,
    margin,
    on: scores,
    hardest,
    reduction: reduction.describe("Over a row's negatives."),
  }),
  strict({
    kind: z.literal("logistic").describe("Each row's item against its own sampled negatives."),
    ...common,
    sharpness,
    on: scores,
    hardest,
    reduction: reduction.describe("Over a row's negatives."),
  }),
  strict({
    kind: z.literal("bpr").describe("logistic with sharpness 1 on logits, summed over a row's negatives."),
    ...common,
  }),
  strict({
    kind: z.literal("softmax").describe("Each row's item among its own sampled negatives."),
    ...common,
    ...correction,
    scale: z.number().positive().optional().describe("Factor of the cosines; default: the student's learned one."),
  }),
] as const;

export const HARD_KINDS = kinds.map(({ shape }) => shape.kind.value);

/** One entry of `student.losses`. */
export const hardLossConfig = z.discriminatedUnion("kind", kinds, unknownChoice(HARD_KINDS, "kind"));

export type HardLossConfig = z.infer<typeof hardLossConfig>;
/** Losses over the score matrix of a batch. */
export type InBatchLossConfig = Extract<HardLossConfig, { kind: `in-batch-${string}` }>;

export const isInBatch = (loss: HardLossConfig): loss is InBatchLossConfig => loss.kind.startsWith("in-batch-");

/** The `inBatch` block: what stands in the columns of the in-batch matrix beside the items of the batch. */
export const inBatchConfig = strict({
  uniform: z.int().min(0).max(1_048_576).default(0).describe("Items drawn alike from the catalogue, for all users."),
  bank: strict({
    size: positiveCount.describe("Item vectors of past batches that are kept."),
    after: z.int().min(0).default(0).describe("Steps before they are used: item vectors drift early in training."),
  })
    .optional()
    .describe("Vectors of past batches as more negatives; no gradient flows into them."),
  frequency: z
    .discriminatedUnion(
      "kind",
      [
        strict({ kind: z.literal("counts") }),
        strict({
          kind: z.literal("streaming"),
          rate: z.number().positive().lt(1).default(0.01).describe("How fast the mean gap follows."),
          buckets: positiveCount.optional().describe("Hashed places; default: one an item."),
          hashes: z.int().min(1).max(64).default(1),
        }),
      ],
      unknownChoice(["counts", "streaming"], "kind"),
    )
    .prefault({ kind: "counts" })
    .describe("log q from the training rows, or estimated from the stream of batches."),
});

export type InBatchConfig = z.infer<typeof inBatchConfig>;
