import { z } from "zod";
import { choice, strict, unknownChoice } from "../../config-schema.ts";
import { temperatureConfig, weightConfig } from "./schedule-config.ts";

const headName = z.string().regex(/^[a-z][a-z0-9-]*$/, "heads must be lower-case words joined by -");
const fused = strict({
  fuse: z
    .record(headName, z.number().min(0))
    .refine((exponents) => Object.values(exponents).some((exponent) => exponent > 0), "must have an exponent above 0"),
}).describe("ctr^a ctcvr^b, as one logit.");
const fromColumn = strict({
  column: z.string().describe("A column of role teacher-score."),
  holds: choice(["logits", "probabilities", "ranks"]).default("logits"),
}).describe("Scores or ranks that an earlier run or another ranker wrote, one a row.");

const common = {
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, "names must be lower-case words joined by -"),
  head: z
    .union([headName, fused, fromColumn], { error: headError })
    .describe(
      "What the student learns from: a head of the teacher (ctr, cvr or ctcvr) or of the score store, several fused, or a column.",
    ),
  weight: weightConfig,
  space: choice(["rows", "exposed", "sampled", "lists"])
    .default("rows")
    .describe(
      "rows: the training rows with their negatives; exposed: their own items alone; sampled: the negatives alone; lists: the lists of the score store (scores.lists).",
    ),
  scaleStudent: z
    .boolean()
    .default(false)
    .describe("Learns a factor and an offset that put the student's scores on the teacher's scale."),
  stages: z.array(z.string()).min(1).optional().describe("Stages of training that it belongs to; default: all."),
};
const stop = { stopTeacherGradient: z.boolean().default(true).describe("false: the term moves the teacher too.") };
const temperature = temperatureConfig.default(1).describe("Divides the logits; > 0.");
const softened = { temperature, scaleByTemperatureSquared: z.boolean().default(true) };
const direction = choice(["teacher-first", "student-first", "jensen-shannon"]).default("teacher-first");
const topK = z.int().min(1);
const positionWeights = z.discriminatedUnion(
  "kind",
  [
    strict({ kind: z.literal("equal") }),
    strict({ kind: z.literal("logarithmic") }),
    strict({ kind: z.literal("exponential"), decay: z.number().positive() }),
    strict({ kind: z.literal("linear"), length: z.number().min(1) }),
    strict({ kind: z.literal("table"), weights: z.array(z.number().min(0)).min(1) }),
  ],
  unknownChoice(["equal", "logarithmic", "exponential", "linear", "table"], "kind"),
);
const pairs = {
  pairs: strict({
    minTeacherGap: z.number().min(0).optional(),
    minRankDistance: z.int().min(1).optional(),
    top: z.int().min(1).optional().describe("The better item is among the teacher's first."),
    tail: z.int().min(1).optional().describe("The worse item is among the teacher's last."),
  }).prefault({}),
  hardestFraction: z.number().positive().max(1).default(1),
  reduction: choice(["mean", "sum"]).default("mean"),
};
const sorted = {
  temperature: temperatureConfig
    .default(0.05)
    .describe("Of the soft sort, relative to each list's spread unless relativeTo says else."),
  relativeTo: choice(["list", "absolute"]).default("list"),
  sort: choice(["neural-sort", "soft-sort"]).default("neural-sort"),
};
const recall = {
  ...sorted,
  selected: z.int().min(1).describe("Items that the stage passes on."),
  relevant: z.int().min(1).describe("The best items that must be among them."),
};
const layers = {
  project: z.boolean().default(true).describe("Learns a map of the student's layer to the teacher's width."),
};

/** Point-wise: on every candidate, and on rows without candidates. */
const pointWise = [
  strict({ kind: z.literal("bernoulli-kl"), ...common, ...softened, direction, ...stop }),
  strict({ kind: z.literal("soft-cross-entropy"), ...common, ...softened, ...stop }),
  strict({ kind: z.literal("logit-mse"), ...common, ...stop }),
  strict({ kind: z.literal("probability-mse"), ...common, temperature, ...stop }),
  strict({ kind: z.literal("affine-mse"), ...common, scaleStudent: z.literal(true).default(true), ...stop }),
  strict({
    kind: z.literal("collaborative-distillation"),
    ...common,
    temperature: temperatureConfig.default(2),
    shift: z.number().default(0),
    ...stop,
  }),
  strict({
    kind: z.literal("position-weighted"),
    ...common,
    positionWeights: positionWeights.prefault({ kind: "logarithmic" }),
    topK: topK.optional(),
  }),
] as const;

/** Over the candidates of a row. */
const listWise = [
  strict({
    kind: z.literal("ranking-distillation"),
    ...common,
    topK: topK.default(10),
    positionWeights: positionWeights.prefault({ kind: "exponential", decay: 1 }),
    discrepancy: strict({ steepness: z.number().positive().default(0.1) })
      .optional()
      .describe("Weighs items by how far the student underrates them, estimated from the row's candidates."),
  }),
  strict({ kind: z.literal("calibrated-listwise"), ...common, ...stop }),
  strict({
    kind: z.literal("pairwise-hinge"),
    ...common,
    ...pairs,
    margin: z.union([z.number().min(0), z.literal("teacher-gap")]).default(1),
    ...stop,
  }),
  strict({
    kind: z.literal("pairwise-logistic"),
    ...common,
    ...pairs,
    target: choice(["order", "weighted", "probability"]).default("order"),
    margin: z.number().min(0).default(0),
    sharpness: z.number().positive().default(1),
    ...stop,
  }),
  strict({ kind: z.literal("margin-mse"), ...common, ...stop }),
  strict({ kind: z.literal("list-kl"), ...common, ...softened, direction, ...stop }),
  strict({ kind: z.literal("list-net"), ...common, ...softened, ...stop }),
  strict({
    kind: z.literal("list-mle"),
    ...common,
    temperature,
    topK: topK.optional(),
    positionWeights: positionWeights.prefault({ kind: "equal" }),
  }),
  strict({
    kind: z.literal("rank-distil"),
    ...common,
    temperature,
    topK: topK.optional(),
    orders: z.int().min(1).max(1024).default(1).describe("Orders drawn for each list and step."),
  }),
  strict({ kind: z.literal("relaxed-ranking"), ...common, temperature, interesting: topK }),
  strict({
    kind: z.literal("rank-position"),
    ...common,
    temperature,
    maxPosition: z.int().min(2).optional().describe("Of the logarithmic target; 512 where neither is given."),
    positionWeights: positionWeights.optional().describe("The target's shape in place of the logarithm."),
  }),
  strict({
    kind: z.literal("tutor-learning"),
    ...common,
    topK,
    alpha: z.number().min(0).max(1).default(0.5).describe("Share of the order loss."),
    on: choice(["logits", "probabilities"]).default("probabilities"),
    ...stop,
  }),
  strict({ kind: z.literal("relaxed-recall"), ...common, ...recall }),
  strict({ kind: z.literal("global-order"), ...common, ...sorted }),
  strict({ kind: z.literal("adaptive-ranking"), ...common, ...recall }),
  strict({ kind: z.literal("stage-recall"), ...common, ...recall }),
] as const;

/** Between layers of the two models. */
const latent = [
  strict({ kind: z.literal("hint-mse"), ...common, ...layers, ...stop }),
  strict({ kind: z.literal("hint-cosine"), ...common, ...layers, ...stop }),
  strict({
    kind: z.literal("distillation-experts"),
    ...common,
    experts: z.int().min(1).max(1024).default(30),
    temperature: temperature.describe("Softness of the selection; anneal it from 1 towards 0."),
  }),
] as const;

/** Brought along by the program that runs the configuration. */
const own = strict({
  kind: z.literal("own").describe("A function that the calling program gives to executeRun."),
  ...common,
  loss: z.string().min(1).describe("Its name among them."),
  temperature,
  options: z.record(z.string(), z.unknown()).default({}).describe("What it is given beside the scores."),
  ...stop,
});

const kinds = [...pointWise, ...listWise, ...latent, own] as const;

const WHERE = { name: true, head: true, weight: true, space: true, stages: true } as const;

/** The losses on a teacher's scores, each with its own options alone: without name, head, weight, space and stages. */
export const scoreLosses = [...pointWise, ...listWise].map(
  (schema) => (schema as unknown as (typeof pointWise)[0]).omit(WHERE) as z.ZodObject<{ kind: z.ZodLiteral<string> }>,
);

const kindsOf = (schemas: readonly { readonly shape: { readonly kind: { readonly value: string } } }[]): string[] =>
  schemas.map(({ shape }) => shape.kind.value);

export const DISTILL_KINDS: readonly string[] = kindsOf(kinds);
const LIST_KINDS = new Set(kindsOf(listWise));
const LATENT_KINDS = new Set(kindsOf(latent));

/** One entry of the `distill` list. */
export const distillTerm = z.discriminatedUnion("kind", kinds, unknownChoice(DISTILL_KINDS, "kind"));

export type DistillTerm = z.infer<typeof distillTerm>;

/** Needs several candidates a row. */
export const needsLists = ({ kind }: Pick<DistillTerm, "kind">): boolean => LIST_KINDS.has(kind);
/** Needs the teacher's layers, not its scores alone. */
export const needsLayers = ({ kind }: Pick<DistillTerm, "kind">): boolean => LATENT_KINDS.has(kind);

function headError(issue: { readonly input?: unknown }): string {
  const { input } = issue;
  const given = typeof input === "object" ? JSON.stringify(input) : `"${String(input)}"`;
  return `must be the name of a head, { fuse: { ctr: a, ctcvr: b } }, or { column: name }, got ${input === undefined ? "nothing" : given}`;
}
