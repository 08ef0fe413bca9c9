// B = lists or rows, N = items a list
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import { bernoulliKl } from "../../distill/losses/bernoulli-kl.ts";
import { listKl } from "../../distill/losses/list-kl.ts";
import { relaxedRanking } from "../../distill/losses/relaxed-ranking.ts";
import { adaptiveRanking, relaxedRecall, stageRecall } from "../../distill/losses/relaxed-recall.ts";
import { logitMse } from "../../distill/losses/squared-error.ts";
import { tutorLearning } from "../../distill/losses/tutor-order.ts";
import { weightedMean } from "../../distill/weighted-mean.ts";

const cut = z.int().min(1);
const recall = {
  selected: cut.describe("m: items that the stage passes on."),
  relevant: cut.describe("k: the tutor's best items that must be among them."),
  temperature: z.number().positive().default(0.05).describe("Of the soft sort, relative to each list's spread."),
};

/** What a stage learns from its tutor's scores. */
const tutorLosses = [
  strict({ kind: z.literal("bernoulli-kl"), temperature: z.number().positive().default(1) }),
  strict({ kind: z.literal("logit-mse") }),
  strict({ kind: z.literal("list-kl"), temperature: z.number().positive().default(1) }),
  strict({
    kind: z.literal("relaxed-ranking"),
    interesting: cut.describe("Items whose order counts; the rest are one set."),
  }),
  strict({
    kind: z.literal("tutor-learning"),
    topK: cut.describe("Items that the tutor passes on."),
    alpha: z.number().min(0).max(1).default(0.1).describe("Share of the order loss; the rest is the value loss."),
    on: choice(["probabilities", "logits"]).default("probabilities"),
  }),
  strict({ kind: z.literal("relaxed-recall"), ...recall }),
  strict({ kind: z.literal("stage-recall"), ...recall }),
  strict({
    kind: z.literal("adaptive-ranking"),
    ...recall,
    balance: z.number().positive().default(1).describe("alpha of the loss: small ones favour the whole order."),
  }),
] as const;

const labelsLoss = strict({
  kind: z.literal("labels").describe("Cross-entropy on what users did; items that were not exposed have label 0."),
  unexposed: z
    .union([choice(["zero", "left-out", "propensity"]), z.number().min(0).max(1)])
    .default("zero")
    .describe("Weight of items that were not exposed: 1, 0, the item's share of the largest exposure, or a number."),
});

const KINDS = ["labels", ...tutorLosses.map(({ shape }) => shape.kind.value)];

/** The loss of a term. */
export const objectiveConfig = z.discriminatedUnion("kind", [labelsLoss, ...tutorLosses], unknownChoice(KINDS, "kind"));

export type Objective = z.infer<typeof objectiveConfig>;
export type TutorObjective = Exclude<Objective, { kind: "labels" }>;

/** Whether it compares the items of a list, rather than one item at a time. */
export const needsLists = ({ kind }: Objective): boolean =>
  kind !== "labels" && kind !== "bernoulli-kl" && kind !== "logit-mse";

export interface TutorTensors {
  /** [B] or [B, N] */
  readonly logits: tf.Tensor;
  /** Same shape, held constant. */
  readonly tutor: tf.Tensor;
  /** Same shape: weight of each item, 0 for padding. */
  readonly itemWeights: tf.Tensor;
}

/** A tutor's loss, averaged over items or over lists that hold at least one. */
export function tutorLoss(objective: TutorObjective, { logits, tutor, itemWeights }: TutorTensors): tf.Scalar {
  if (objective.kind === "bernoulli-kl")
    return weightedMean(bernoulliKl(logits, tutor, { temperature: objective.temperature }), itemWeights);
  if (objective.kind === "logit-mse") return weightedMean(logitMse(logits, tutor), itemWeights);
  const mask = tf.cast(tf.greater(itemWeights, 0), "float32");
  return weightedMean(overLists(objective, logits, tutor, mask), tf.max(mask, 1));
}

function overLists(
  objective: Exclude<TutorObjective, { kind: "bernoulli-kl" | "logit-mse" }>,
  logits: tf.Tensor,
  tutor: tf.Tensor,
  mask: tf.Tensor,
): tf.Tensor {
  switch (objective.kind) {
    case "list-kl":
      return listKl(logits, tutor, { ...objective, mask });
    case "relaxed-ranking":
      return relaxedRanking(logits, tutor, { ...objective, mask });
    case "tutor-learning":
      return tutorLearning(logits, tutor, { ...objective, mask });
    case "relaxed-recall":
      return relaxedRecall(logits, tutor, { ...objective, mask });
    case "stage-recall":
      return stageRecall(logits, tutor, { ...objective, mask });
    case "adaptive-ranking":
      return adaptiveRanking(logits, tutor, { ...objective, alpha: objective.balance, mask });
  }
}
