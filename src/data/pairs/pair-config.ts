import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";

const featureNames = z.array(z.string().min(1)).min(1).max(4);
const transform = choice(["standardise", "log", "none"]);

const pairFeature = z.discriminatedUnion(
  "kind",
  [
    strict({
      kind: z.literal("cross").describe("The combination of several features as one id."),
      of: featureNames.min(2).describe("Features of ids or categories."),
      rows: z
        .int()
        .min(1)
        .max(100_000_000)
        .optional()
        .describe("Rows that combinations are hashed into; needed where there are more than 16 million combinations."),
    }),
    strict({
      kind: z.literal("mean").describe("Mean of a label or number over the training rows that share these features."),
      of: z.string().describe("A label, or a numeric column of role label or extra."),
      by: featureNames.describe("Features that a row must share; one of them may have several values."),
      prior: z.number().min(0).default(10).describe("Rows of prior weight that pull a mean towards the overall one."),
      residual: z.boolean().default(false).describe("Of what the user's and the item's own mean leave over."),
      transform: transform.default("standardise"),
    }),
    strict({
      kind: z.literal("count").describe("Training rows that share these features."),
      by: featureNames,
      transform: transform.default("log"),
    }),
    strict({
      kind: z
        .literal("ridge")
        .describe(
          "Score of the item by the user's other items: an item-item ridge regression on the other users' training rows.",
        ),
      of: z.string().describe("What is regressed: a label, or a numeric column of role label or extra."),
      by: z
        .tuple([z.string().min(1), z.string().min(1)])
        .describe("The user's key and the item's: a user feature and an item feature, of one value each."),
      penalty: z.number().gt(0).default(300).describe("Of the squared weights: more for fewer or noisier rows."),
      residual: z.boolean().default(false).describe("Of what the user's and the item's own mean leave over."),
      transform: transform.default("standardise"),
    }),
    strict({
      kind: z.literal("pick").describe("The number, of several columns, that a category chooses."),
      by: z.string().describe("The feature whose value chooses."),
      from: z.record(z.string(), z.string()).describe("Numeric column by value of that feature."),
    }),
  ],
  unknownChoice(["cross", "mean", "count", "ridge", "pick"], "kind"),
);

/** The `data.pairs` block: features of a user and an item together, which only the teacher may see. */
export const pairsConfig = z
  .record(z.string().regex(/^[A-Za-z][\w-]*$/, "names must be a letter, then letters, digits, _ or -"), pairFeature)
  .default({})
  .describe("Features of a user and an item together, for the teacher alone; statistics are of training rows only.");

export type PairFeatureConfig = z.infer<typeof pairFeature>;
export type PairsConfig = z.infer<typeof pairsConfig>;
