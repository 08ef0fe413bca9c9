import { z } from "zod";
import { choice, strict } from "./column-config.ts";
import { unknownChoice } from "./config-messages.ts";

const share = z.number().min(0).max(1);
const cut = z.union([z.number(), z.string().min(1)]);

const byExpression = strict({
  by: z.literal("expression").describe("A row belongs to the part whose expression is true."),
  train: z.string().min(1),
  validation: z.string().min(1).optional(),
  test: z.string().min(1).optional(),
  history: z
    .string()
    .min(1)
    .optional()
    .describe("Rows before the training rows: in vocabularies, catalogues and known items; nothing trains on them."),
  overlap: choice(["error", "allow"]).default("error").describe("What a row of two parts is: a leak, or meant."),
});

const byTime = strict({
  by: z.literal("time").describe("Rows are ordered by the time column and cut; equal times stay together."),
  fractions: strict({ train: share, validation: share.default(0), test: share.default(0) })
    .refine(sumsToOne, { error: "must add up to 1" })
    .optional()
    .describe("Share of the rows in each part, oldest first."),
  cuts: strict({
    validation: cut.optional().describe("Rows from here on are validation."),
    test: cut.optional().describe("Rows from here on are test."),
  })
    .refine((cuts) => cuts.validation !== undefined || cuts.test !== undefined, { error: "must name a cut" })
    .optional()
    .describe("Times, as numbers or ISO 8601 dates; rows before the first cut train."),
}).refine((split) => (split.fractions === undefined) !== (split.cuts === undefined), {
  error: "must have fractions or cuts, one of the two",
});

const byRatio = strict({
  by: z.literal("ratio").describe("A share of the rows goes to each part."),
  group: choice(["user", "row"])
    .default("user")
    .describe("Divide the rows of each user (held-out counts round down, so small users train), or all rows at once."),
  order: choice(["random", "time", "file"])
    .default("random")
    .describe("Order in which rows are divided, training rows first: shuffled by seed, by time, or as in the files."),
  train: share,
  validation: share.default(0),
  test: share.default(0),
  seed: z.int().default(0).describe("Seed of order: random."),
}).refine(sumsToOne, { error: "train, validation and test must add up to 1" });

/** How rows are parted into train, validation and test. */
export const splitConfig = z.discriminatedUnion(
  "by",
  [byExpression, byTime, byRatio],
  unknownChoice(["expression", "time", "ratio"], "by"),
);

/** A split, checked, defaults filled in. */
export type SplitConfig = z.infer<typeof splitConfig>;

function sumsToOne(shares: { train: number; validation: number; test: number }): boolean {
  return Math.abs(shares.train + shares.validation + shares.test - 1) < 1e-9;
}
