// B = lists or rows, N = items a list
import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import { affineLogits } from "../../distill/losses/affine-mse.ts";
import { cascadeRanking } from "../../distill/losses/cascade-survival.ts";
import type { Temperature } from "../../distill/temperature.ts";
import { listWiseLosses, pointWiseLosses } from "../../distill/terms/distill-losses.ts";
import type { ListWiseSpec, PointWiseSpec } from "../../distill/terms/distill-spec.ts";
import type { TermValues } from "../../distill/terms/term-parameters.ts";
import { weightedMean } from "../../distill/weighted-mean.ts";
import type { StepContext } from "../../engine/step.ts";
import { needsLists as comparesLists, scoreLosses } from "../config/distill-config.ts";
import type { TemperatureConfig } from "../config/schedule-config.ts";

const labelsLoss = strict({
  kind: z.literal("labels").describe("Cross-entropy on what users did; items that were not exposed have label 0."),
  unexposed: z
    .union([choice(["zero", "left-out", "propensity"]), z.number().min(0).max(1)])
    .default("zero")
    .describe("Weight of items that were not exposed: 1, 0, the item's share of the largest exposure, or a number."),
});

const jointLoss = strict({
  kind: z
    .literal("cascade-ranking")
    .describe("Several stages as one: the tutor's best items get through all of them (LCRON)."),
  relevant: z.int().min(1).describe("k: the tutor's best items, which all stages must pass on."),
  temperature: z.number().positive().default(0.05).describe("Of the soft sort, relative to each list's spread."),
  sort: choice(["neural-sort", "soft-sort"]).default("neural-sort"),
});

/** What several stages learn together from a tutor's scores. */
export type JointObjective = z.infer<typeof jointLoss>;
/** What a stage learns from labels. */
export type LabelsObjective = z.infer<typeof labelsLoss>;
/** What a stage learns from its tutor's scores. */
export type TutorObjective = (PointWiseSpec | ListWiseSpec) & {
  readonly temperature?: TemperatureConfig;
  readonly scaleStudent?: boolean;
};
export type Objective = LabelsObjective | JointObjective | TutorObjective;

const KINDS = ["labels", "cascade-ranking", ...scoreLosses.map(({ shape }) => shape.kind.value)];

/** The loss of a term: labels, or any loss of the library on a tutor's scores. */
export const objectiveConfig = z.discriminatedUnion(
  "kind",
  [labelsLoss, jointLoss, ...scoreLosses],
  unknownChoice(KINDS, "kind"),
) as unknown as z.ZodType<Objective>;

/** Whether it compares the items of a list, rather than one item at a time. */
export const needsLists = (objective: Objective): boolean =>
  objective.kind === "cascade-ranking" || comparesLists({ kind: objective.kind } as { kind: "list-kl" });

export interface TutorTensors {
  /** [B] or [B, N] */
  readonly logits: tf.Tensor;
  /** Same shape, held constant. */
  readonly tutor: tf.Tensor;
  /** Same shape: weight of each item, 0 for padding. */
  readonly itemWeights: tf.Tensor;
  /** What the term itself learns. */
  readonly values: TermValues;
  /** Name of the term. */
  readonly site: string;
  readonly context: StepContext;
  /** Items of the corpus. */
  readonly numItems: number;
}

/** A tutor's loss, averaged over items or over lists that hold at least one. */
export function tutorLoss(objective: TutorObjective, tensors: TutorTensors): tf.Scalar {
  const { logits, tutor, itemWeights, values, site, context, numItems } = tensors;
  const { scale, offset, alpha } = values;
  const student = scale === undefined ? logits : affineLogits(logits, { scale, ...(offset && { offset }) });
  const mask = tf.cast(tf.greater(itemWeights, 0), "float32");
  const compared = { student, teacher: tutor, mask, temperature: temperatureOf(objective, tensors) };
  if (!needsLists(objective)) return weightedMean(pointWiseLosses(objective as PointWiseSpec, compared), itemWeights);
  const losses = listWiseLosses(objective as ListWiseSpec, {
    ...compared,
    noise: context.noise,
    site,
    numItems,
    alpha,
  });
  return weightedMean(losses, tf.max(mask, 1));
}

/** The loss of several stages on the same lists, averaged over lists that hold an item. */
export function jointStagesLoss(
  { kind: _, ...options }: JointObjective,
  stages: readonly { readonly logits: tf.Tensor; readonly passes: number; readonly balance: tf.Scalar }[],
  { tutor, itemWeights }: Pick<TutorTensors, "tutor" | "itemWeights">,
): tf.Scalar {
  const mask = tf.cast(tf.greater(itemWeights, 0), "float32");
  const losses = cascadeRanking(
    stages.map(({ logits }) => logits),
    tutor,
    {
      ...options,
      mask,
      selected: stages.map(({ passes }) => passes),
      balances: stages.map(({ balance }) => balance),
    },
  );
  return weightedMean(losses, tf.max(mask, 1));
}

/** Input that holds a term's temperature where it follows a schedule. */
export const temperatureInput = (site: string): string => `temperature/${site}`;

function temperatureOf({ temperature }: TutorObjective, { site, context }: TutorTensors): Temperature | undefined {
  return typeof temperature === "object" ? context.inputs[temperatureInput(site)]! : temperature;
}
