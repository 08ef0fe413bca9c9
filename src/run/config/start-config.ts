import { z } from "zod";
import { strict } from "../../config-schema.ts";

/** The `start` block: what an earlier run hands on. Folders are relative to the configuration. */
export const startConfig = strict({
  encoding: z.string().min(1).describe("Run whose vocabularies, means and buckets are used."),
  extend: z
    .boolean()
    .default(true)
    .describe("Appends the values of training and history rows that those vocabularies do not hold."),
  weights: z
    .string()
    .min(1)
    .optional()
    .describe("Run whose weights are the first values; rows of a table that it does not have keep their own."),
  embeddings: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Run whose teacher's embeddings are the student's first values, of features that both have in one width.",
    ),
});
