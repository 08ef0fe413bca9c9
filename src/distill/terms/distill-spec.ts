import type { PositionWeights } from "../lists/position-weights.ts";
import type { SoftTargetOptions } from "../lists/soft-target.ts";
import type { SortedOptions } from "../lists/stage-places.ts";
import type { BernoulliKlOptions } from "../losses/bernoulli-kl.ts";
import type { CalibratedListwiseOptions } from "../losses/calibrated-listwise.ts";
import type { CollaborativeDistillationOptions } from "../losses/collaborative-distillation.ts";
import type { ListKlOptions } from "../losses/list-kl.ts";
import type { ListMleOptions } from "../losses/list-mle.ts";
import type { MarginMseOptions } from "../losses/margin-mse.ts";
import type { PairwiseHingeOptions } from "../losses/pairwise-hinge.ts";
import type { PairwiseLogisticOptions } from "../losses/pairwise-logistic.ts";
import type { PositionWeightedOptions } from "../losses/position-weighted.ts";
import type { RankPositionOptions } from "../losses/rank-position.ts";
import type { AdaptiveRankingOptions, RecallOptions } from "../losses/relaxed-recall.ts";
import type { SoftCrossEntropyOptions } from "../losses/soft-cross-entropy.ts";
import type { LogitMseOptions } from "../losses/squared-error.ts";
import type { TutorOptions } from "../losses/tutor-order.ts";

/** Options as a configuration gives them: absent ones may be undefined; mask and temperature come with the step. */
type Given<T> = { readonly [K in keyof Omit<T, "mask" | "temperature">]: T[K] | undefined } extends infer All
  ? Partial<All>
  : never;

/** A point-wise distillation loss by name. */
export type PointWiseSpec =
  | ({ readonly kind: "bernoulli-kl" } & Given<BernoulliKlOptions>)
  | ({ readonly kind: "soft-cross-entropy" } & Given<SoftCrossEntropyOptions>)
  | ({ readonly kind: "logit-mse" | "affine-mse" } & Given<LogitMseOptions>)
  | ({ readonly kind: "probability-mse" } & Given<LogitMseOptions>)
  | ({ readonly kind: "collaborative-distillation" } & Given<CollaborativeDistillationOptions>)
  | ({ readonly kind: "position-weighted" } & Given<PositionWeightedOptions>);

/** A distillation loss over lists by name. */
export type ListWiseSpec =
  | {
      readonly kind: "ranking-distillation";
      readonly topK?: number | undefined;
      readonly positionWeights?: PositionWeights | undefined;
      readonly discrepancy?: { readonly steepness: number } | undefined;
    }
  | ({ readonly kind: "calibrated-listwise" } & Given<CalibratedListwiseOptions>)
  | ({ readonly kind: "pairwise-hinge" } & Given<PairwiseHingeOptions>)
  | ({ readonly kind: "pairwise-logistic" } & Given<PairwiseLogisticOptions>)
  | ({ readonly kind: "margin-mse" } & Given<MarginMseOptions>)
  | ({ readonly kind: "list-kl" } & Given<ListKlOptions>)
  | ({ readonly kind: "list-net" } & Given<SoftTargetOptions>)
  | ({ readonly kind: "list-mle" } & Given<ListMleOptions>)
  | { readonly kind: "rank-distil"; readonly orders: number; readonly topK?: number | undefined }
  | { readonly kind: "relaxed-ranking"; readonly interesting: number }
  | ({ readonly kind: "rank-position" } & Given<RankPositionOptions>)
  | ({ readonly kind: "tutor-learning"; readonly topK: number } & Given<TutorOptions>)
  | ({ readonly kind: "relaxed-recall" | "stage-recall" } & Cut & Given<RecallOptions>)
  | ({ readonly kind: "adaptive-ranking" } & Cut & Given<AdaptiveRankingOptions>)
  | ({ readonly kind: "global-order" } & Given<SortedOptions>);

interface Cut {
  readonly selected: number;
  readonly relevant: number;
}
