import { didYouMean } from "../../config-schema.ts";
import { isUserError } from "../../errors.ts";
import { metricDefinition } from "../../eval/index.ts";

/** What a metric of `evaluate.metrics` is computed from. */
type Source = "rows" | "lists" | "both models";

/** Metrics that are computed where `evaluate.metrics` names them. */
export const ASKED_METRICS: Readonly<Record<string, Source>> = {
  gauc_mean: "rows",
  gauc_positives: "rows",
  pr_auc: "rows",
  ne: "rows",
  ece: "rows",
  calibration: "rows",
  opa: "rows",
  knn_recall: "lists",
  batch_recall: "lists",
  coverage: "lists",
  gini: "lists",
  novelty: "lists",
  overlap: "both models",
  teacher_recall: "both models",
  rbo: "both models",
  teacher_regret: "both models",
  kendall_tau: "both models",
  pair_agreement: "both models",
  kl: "both models",
};

/** A metric's plain name and its cut-offs: `teacher_recall@100@10`. */
export interface AskedMetric {
  readonly name: string;
  readonly plain: string;
  readonly cutoffs: readonly number[];
}

export function askedMetric(name: string): AskedMetric {
  const [plain = "", ...cutoffs] = name.split("@");
  return { name, plain, cutoffs: cutoffs.map(Number) };
}

/** Places that a rank-biased overlap compares where no other metric asks for more. */
export const RBO_DEPTH = 100;

/** Places that the asked metrics need of a list; 0 where they need none. */
export function askedDepth({ metrics }: { readonly metrics: readonly string[] }): number {
  const depths = metrics.map(askedMetric).map(({ plain, cutoffs }) => {
    if (plain === "rbo") return RBO_DEPTH;
    return plain === "batch_recall" ? 0 : Math.max(0, ...cutoffs);
  });
  return Math.max(0, ...depths);
}

interface Checked {
  readonly teacher?: object | undefined;
  readonly frozen?: object | undefined;
  readonly student?: object | undefined;
  readonly evaluate: { readonly metrics: readonly string[]; readonly relevant?: string | undefined };
}

/** Names that are no metric to ask for, and metrics that this run cannot have. */
export function checkAskedMetrics(
  { teacher, frozen, student, evaluate }: Checked,
  complain: (path: readonly (string | number)[], message: string) => void,
): void {
  const hasBoth = student !== undefined && (teacher !== undefined || frozen !== undefined);
  for (const [i, name] of evaluate.metrics.entries()) {
    const path = ["evaluate", "metrics", i];
    const { plain, cutoffs } = askedMetric(name);
    const source = Object.hasOwn(ASKED_METRICS, plain) ? ASKED_METRICS[plain] : undefined;
    if (source === undefined) {
      const known = Object.keys(ASKED_METRICS);
      complain(path, `must be one of ${known.join(", ")}, got "${name}"${didYouMean(plain, known)}`);
      continue;
    }
    const wrong =
      plain === "teacher_recall" && cutoffs.length !== 2
        ? `must have the form ${plain}@<m>@<k>, got "${name}"`
        : wrongForm(name);
    if (wrong !== undefined) complain(path, wrong);
    else if (source === "both models" && !hasBoth)
      complain(path, `${plain} compares student and teacher: the run needs both`);
    else if (["knn_recall", "batch_recall"].includes(plain) && evaluate.relevant === undefined)
      complain(path, `${plain} needs evaluate.relevant`);
  }
}

function wrongForm(name: string): string | undefined {
  try {
    metricDefinition(name);
    return undefined;
  } catch (error) {
    if (isUserError(error)) return error.message;
    throw error;
  }
}
