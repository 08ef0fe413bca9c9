import { z } from "zod";
import { choice, strict } from "../../config-schema.ts";
import { hardLossConfig } from "./hard-loss-config.ts";

const units = z.array(z.int().min(1).max(65_536));
const share = z.number().min(0).lt(1);
const featureNames = z.array(z.string()).min(1);

export const embeddings = strict({
  default: z.int().min(1).max(4096).default(8).describe("Embedding width of features not named."),
  widths: z.record(z.string(), z.int().min(1).max(4096)).default({}).describe("Embedding width by feature."),
  deviation: z.number().positive().default(0.05).describe("Standard deviation of the first values."),
  update: choice(["rows", "dense"])
    .default("rows")
    .describe("rows: only the rows a batch touched move; dense: every row, by the dense optimiser (small tables)."),
}).prefault({});

/** The `teacher` block. */
export const teacherConfig = strict({
  kind: z.literal("mmoe"),
  features: featureNames.optional().describe("Columns it sees; default: every user, item and context column."),
  embeddings,
  products: z
    .array(strict({ left: z.string(), right: z.string(), scale: z.number().default(1) }))
    .default([])
    .describe("Element-wise products of two features' embeddings, fed in beside them."),
  wide: z
    .array(z.string())
    .default([])
    .describe("Features of ids, crosses above all, that add a learned number of their own to the CTR logit."),
  experts: strict({ count: z.int().min(1).max(256).default(8), units: units.min(1).default([64, 32]) }).prefault({}),
  towerUnits: units.default([16]).describe("Hidden widths of each task tower."),
  inputDropout: share.default(0).describe("Share of the encoded input that training drops."),
  labels: strict({ ctr: z.string(), ctcvr: z.string() }).describe("Label of each trained head."),
  weights: strict({ ctr: z.number().min(0).default(1), ctcvr: z.number().min(0).default(1) })
    .prefault({})
    .describe("Weight of each head's cross-entropy."),
});

const towerUnits = units.min(1);

/** The `student` block. */
export const studentConfig = strict({
  kind: z.literal("dssm"),
  userFeatures: featureNames.optional().describe("Columns of the user tower; default: every user column."),
  itemFeatures: featureNames.optional().describe("Columns of the item tower; default: every item column."),
  embeddings,
  userUnits: towerUnits.describe("Widths of the user tower's layers; the last is the vector's."),
  itemUnits: towerUnits.describe("Widths of the item tower's layers; the last is the vector's."),
  inputDropout: share.default(0).describe("Share of the encoded input that training drops."),
  normalise: z.boolean().default(true).describe("Vectors of length 1."),
  scale: z
    .number()
    .positive()
    .default(1)
    .describe("First value of the learned factor on the dot product (1 / tower temperature)."),
  bias: z.number().default(0).describe("First value of the learned offset of the logit."),
  losses: z.array(hardLossConfig).default([]).describe("What the student learns from labels."),
});

/** The `share` block: features whose tables teacher and student have in common. */
export const shareConfig = z.array(z.string()).default([]);

export type TeacherConfig = z.infer<typeof teacherConfig>;
export type StudentConfig = z.infer<typeof studentConfig>;
