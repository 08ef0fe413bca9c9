import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";

const count = z.int().min(1).max(10_000).describe("Negatives for each row.");
const ranking = {
  count,
  by: choice(["student", "teacher"]).default("student").describe("Whose ranking of the catalogue."),
  refresh: z.int().min(1).default(1).describe("Epochs between two rankings."),
};

const catalogue = {
  count,
  excludeKnown: z.boolean().default(true).describe("Draws again where the user has the item in training."),
};

const fromCatalogue = [
  strict({ kind: z.literal("random").describe("Uniform over the items."), ...catalogue }),
  strict({
    kind: z.literal("frequency").describe("By training frequency to a power."),
    ...catalogue,
    power: z.number().min(0).optional().describe("Exponent of the frequency; default 1."),
  }),
] as const;

/** One source of negatives from the whole catalogue. */
export const catalogueSource = z.discriminatedUnion(
  "kind",
  fromCatalogue,
  unknownChoice(["random", "frequency"], "kind"),
);

const source = z.discriminatedUnion(
  "kind",
  [
    ...fromCatalogue,
    strict({
      kind: z.literal("exposed").describe("The user's own training rows where the label is 0."),
      count,
      label: z.string(),
    }),
    strict({
      kind: z.literal("rank-window").describe("Between two ranks of a model's own ranking: 101 to 500, say."),
      ...ranking,
      from: z.int().min(1),
      to: z.int().min(1).max(100_000),
    }).refine(({ from, to }) => from <= to, { path: ["to"], message: "must be at least from" }),
    strict({
      kind: z.literal("rank-aware").describe("Ranks with probability ~ exp(-rank / (ranks temperature))."),
      ...ranking,
      ranks: z.int().min(1).max(100_000),
      temperature: z.number().positive(),
      tournament: z.boolean().default(true).describe("Of two draws the better rank is kept."),
    }),
    strict({ kind: z.literal("stored").describe("The row's candidates of the score store."), count }),
  ],
  unknownChoice(["random", "frequency", "exposed", "rank-window", "rank-aware", "stored"], "kind"),
);

/** The `negatives` block: one source, or several, whose counts are their ratio. */
export const negativesConfig = z
  .union([source, z.array(source).min(1)], { error: () => "must be a source of negatives, or a list of them" })
  .transform((given) => (Array.isArray(given) ? given : [given]))
  .describe("Sampled negatives beside each training row.");

export type NegativeSourceConfig = z.infer<typeof source>;
export type NegativesConfig = z.infer<typeof negativesConfig>;
/** A source that a model's ranking is needed for. */
export type RankedSourceConfig = Extract<NegativeSourceConfig, { by: string }>;

export const isRanked = (given: NegativeSourceConfig): given is RankedSourceConfig => "by" in given;
