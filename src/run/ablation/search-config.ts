import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";

const range = strict({
  from: z.number(),
  to: z.number(),
  scale: choice(["linear", "log"]).default("linear").describe("log draws alike in every power of ten."),
})
  .refine(({ from, to }) => from < to, { error: "from must be below to" })
  .refine(({ from, scale }) => scale === "linear" || from > 0, { error: "from must be above 0 for scale log" });

/** Successive halving: candidates drawn at random, the worse ones stopped at each rung. */
export const searchConfig = strict({
  space: z
    .record(z.string().min(1), z.union([z.array(z.unknown()).min(1), range]))
    .refine((space) => Object.keys(space).length > 0, { error: "must name a setting" })
    .describe("Settings by dotted path: values to draw from, or a range of numbers."),
  candidates: z.int().min(2).max(10_000).describe("Settings drawn."),
  rungs: z
    .array(z.int().min(1))
    .min(1)
    .refine((rungs) => rungs.every((epoch, i) => i === 0 || epoch > rungs[i - 1]!), { error: "must rise" })
    .describe("Epochs after which the worse candidates stop; all below train.epochs."),
  keep: z.number().gt(0).lt(1).default(0.5).describe("Share that goes on after each rung; at least one does."),
  metric: z.string().describe("What candidates are judged by on the validation part, such as student/recall@10."),
  seed: z.int().min(0).default(1).describe("Seed of the draw."),
}).describe("Looks for settings by successive halving; those that are left run with every seed, as rows of the table.");

export type SearchConfig = z.infer<typeof searchConfig>;
