import { ConfigError, nearestName } from "../errors.ts";
import type { Direction } from "./metric-direction.ts";

/** What a metric's name stands for. */
export interface MetricDefinition {
  readonly direction: Direction;
  /** Smallest and largest value; null where there is none. */
  readonly range: readonly [number | null, number | null];
  /** True where the name carries a cut-off: `recall@10`. */
  readonly atK: boolean;
  readonly definition: string;
}

const UNIT = [0, 1] as const;
const POSITIVE = [0, null] as const;

function define(
  direction: Direction,
  range: readonly [number | null, number | null],
  definition: string,
): MetricDefinition {
  return { direction, range, atK: false, definition };
}

function defineAtK(
  direction: Direction,
  range: readonly [number | null, number | null],
  definition: string,
): MetricDefinition {
  return { direction, range, atK: true, definition };
}

/** Every metric by its plain name. In results it may carry prefixes (`test/ctr/auc`) and a cut-off (`recall@10`). */
export const METRIC_DEFINITIONS: Readonly<Record<string, MetricDefinition>> = {
  auc: define("max", UNIT, "chance that a positive row scores above a negative one, ties half"),
  gauc: define("max", UNIT, "AUC inside groups, averaged by the stated weighting over groups with both classes"),
  gauc_mean: define("max", UNIT, "as gauc, every user counting alike"),
  gauc_positives: define("max", UNIT, "as gauc, users weighted by their positive rows"),
  logloss: define("min", POSITIVE, "mean negative log-likelihood, nats"),
  pr_auc: define("max", UNIT, "average precision: precision at each new positive, averaged over positives"),
  ne: define("min", POSITIVE, "logloss divided by the entropy of the observed rate"),
  ece: define("min", UNIT, "mean |predicted - observed| over bins of equal mass"),
  calibration: define("near-one", POSITIVE, "sum of predicted probabilities / number of positives"),
  recall: defineAtK("max", UNIT, "relevant items in the first k / relevant items, mean over users"),
  hitrate: defineAtK("max", UNIT, "share of users with a relevant item in the first k"),
  ndcg: defineAtK("max", UNIT, "discounted gain of the first k / that of an ideal order, mean over users"),
  mrr: defineAtK("max", UNIT, "1 / rank of the first relevant item within the first k, mean over users"),
  map: defineAtK("max", UNIT, "precision at each hit within k, over min(k, relevant), mean over users"),
  knn_recall: defineAtK("max", UNIT, "share of (user, item) pairs whose item is among the k nearest of the corpus"),
  batch_recall: defineAtK("max", UNIT, "share of batch rows whose item is among the k best of the batch"),
  opa: define("max", UNIT, "share of pairs with different grades that are in the right order, ties half"),
  coverage: defineAtK("max", UNIT, "share of the corpus that stands in some user's first k"),
  gini: defineAtK("min", UNIT, "inequality of the items' exposure in the first k; 0 = all alike"),
  novelty: defineAtK("max", POSITIVE, "mean -log2 share of training interactions of the items shown, bits"),
  overlap: defineAtK("max", UNIT, "share of the first k that student and teacher have in common"),
  teacher_recall: defineAtK(
    "max",
    UNIT,
    "share of the teacher's first k that is in the student's first m (recall@m@k)",
  ),
  kendall_tau: define("max", [-1, 1], "rank correlation of student and teacher, tau-b"),
  rbo: define("max", UNIT, "rank-biased overlap of student and teacher, extrapolated, p = 0.9"),
  pair_agreement: define("max", UNIT, "share of pairs that student and teacher order alike, ties left out"),
  teacher_regret: defineAtK("min", POSITIVE, "teacher's mean score of its own first k minus that of the student's"),
  kl: define("min", POSITIVE, "mean KL(teacher || student) of a head, nats"),
  loss: define("min", [null, null], "the training objective or one of its terms"),
};

/**
 * The definition behind a metric's full name: prefixes before the last "/" and cut-offs after "@" are taken off; any
 * `loss/...` is a loss.
 *
 * @throws {ConfigError} unknown name, cut-off missing or not a whole number >= 1, cut-off where none belongs.
 */
export function metricDefinition(name: string): MetricDefinition {
  if (name.split("/").slice(0, -1).includes("loss")) return METRIC_DEFINITIONS.loss!;
  const [plain = "", ...cutoffs] = name.slice(name.lastIndexOf("/") + 1).split("@");
  const definition = Object.hasOwn(METRIC_DEFINITIONS, plain) ? METRIC_DEFINITIONS[plain] : undefined;
  if (definition === undefined) {
    const nearest = nearestName(plain, Object.keys(METRIC_DEFINITIONS));
    const advice = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw new ConfigError(`metricDefinition: name must be a known metric, got ${name}${advice}`);
  }
  const valid = cutoffs.every((cutoff) => /^[1-9]\d*$/.test(cutoff)) && definition.atK === cutoffs.length > 0;
  if (valid) return definition;
  const form = definition.atK ? `${plain}@<k>` : plain;
  throw new ConfigError(`metricDefinition: name must have the form ${form}, got ${name}`);
}
