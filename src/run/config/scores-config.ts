import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";

/** The `scores` block: a store that the student learns from in place of a teacher. */
export const scoresConfig = strict({
  store: z
    .string()
    .min(1)
    .describe("Folder of the score store, relative to the configuration; --scores names another."),
  join: choice(["row", "user-item"])
    .default("row")
    .describe("How scores of rows meet training rows: the very row that was scored, or the same user and item."),
  missing: choice(["error", "drop", "hard-label-only"])
    .default("error")
    .describe("A training row without a score is an error, is left out, or learns from its label alone."),
  duplicates: choice(["error", "last"])
    .default("error")
    .describe("Two scores for one row are an error, or the last one counts."),
  sameDays: z
    .boolean()
    .default(false)
    .describe("Allow training rows of days that the teacher was trained on, but for its very rows."),
  teacher: z
    .string()
    .regex(/^[0-9a-f]{16}$/, "must be the 16 digits of a weights' hash")
    .optional()
    .describe("Hash of the teacher's weights that the store must have."),
  lists: strict({
    users: z.int().min(1).max(1_048_576).describe("Lists in each step."),
    top: z.int().min(0).default(0).describe("Items of a list drawn from the teacher's best ones."),
    of: z.int().min(1).optional().describe("How many best ones they are drawn from; default: top."),
    rankTemperature: z
      .number()
      .positive()
      .optional()
      .describe("Draws rank r in proportion to exp(-r / this); default: all alike."),
    uniform: z.int().min(0).default(0).describe("Items of a list drawn alike from the rest."),
  })
    .optional()
    .describe("Lists of items of some users in each step, for terms with space: lists."),
});
export type ScoresConfig = z.infer<typeof scoresConfig>;
