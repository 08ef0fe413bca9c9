import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";

const headName = z.string().regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -");

/** The `score` block: what a teacher writes into a score store. */
export const scoreConfig = strict({
  heads: z
    .array(
      z.union([
        headName,
        strict({
          name: headName.describe("Name in the store."),
          from: headName.describe("The teacher's head."),
          addLogQ: z
            .boolean()
            .default(true)
            .describe(
              "Adds the log of the item's share of the history rows: ranks a corpus by a head that was trained on negatives drawn by frequency.",
            ),
        }),
      ]),
    )
    .min(1)
    .optional()
    .describe("Heads that are stored; default: all of the teacher's (ctr, cvr, ctcvr; score of a two-tower model)."),
  dtype: choice(["float32", "float16"]).default("float32"),
  compression: choice(["none", "zstd"]).default("none").describe("Of the Arrow files; zstd needs Node >= 22.15."),
  rowsPerShard: z.int().min(1).max(16_777_216).default(65_536).describe("Scored pairs in a file, about."),
  rows: z.boolean().default(true).describe("Score the rows of the part."),
  candidates: strict({
    perRow: z.int().min(1).max(10_000).describe("Unlabelled items scored beside each row, in its context."),
    kind: choice(["random", "frequency"]).default("frequency"),
    power: z.number().min(0).optional().describe("Exponent of the frequency; default 1."),
  })
    .optional()
    .describe("Sampled pairs: users by activity, items by popularity."),
  top: strict({
    k: z.int().min(1).max(65_536).describe("The teacher's best items of the whole corpus, for each user."),
    by: headName.optional().describe("Head that ranks; default: the last one stored."),
  }).optional(),
  uniform: strict({
    count: z.int().min(1).max(65_536).describe("Items drawn alike for each user, without repetition."),
  }).optional(),
  sameDays: z
    .boolean()
    .default(false)
    .describe(
      "Allow rows of days that the teacher was trained on, but for its very rows: for splits that are not by time.",
    ),
  users: choice(["part", "known"])
    .default("known")
    .describe("Users that lists are made for: those of the part, or those of history too."),
  exclude: choice(["known", "history", "none"])
    .default("known")
    .describe(
      "Items that lists and candidates leave out: those of the user's training and history rows, of history rows, none.",
    ),
});
export type ScoreConfig = z.infer<typeof scoreConfig>;
