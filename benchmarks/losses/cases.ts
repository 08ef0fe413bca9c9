import * as tf from "@tensorflow/tfjs";
import {
  adaptiveRanking,
  bernoulliKl,
  calibratedListwise,
  collaborativeDistillation,
  globalOrder,
  hintCosine,
  hintMse,
  listKl,
  listMle,
  listNet,
  logitMse,
  marginMse,
  type Noise,
  pairwiseHinge,
  pairwiseLogistic,
  positionWeighted,
  probabilityMse,
  rankDistil,
  rankingDistillation,
  rankPosition,
  relaxedRanking,
  relaxedRecall,
  softCrossEntropy,
  softmaxOverNegatives,
  stageRecall,
  tutorLearning,
} from "../../src/index.ts";

/** A loss of lists [B, N] by the name that the PyTorch side knows it by. */
export interface LossCase {
  readonly name: string;
  readonly loss: (student: tf.Tensor, teacher: tf.Tensor, noise: Noise) => tf.Tensor;
  /** The loss is given the teacher's ranks, as it is where they are stored: ordering the teacher's scores is not timed. */
  readonly takesRanks?: boolean;
  /** Draws random numbers: the two sides' values differ. */
  readonly isRandom?: boolean;
}

const cut = { selected: 20, relevant: 10 } as const;

/** What a step costs that takes no loss at all. */
export const FLOOR = "mean";

export const LOSSES: readonly LossCase[] = [
  { name: FLOOR, loss: (s) => s },
  { name: "bernoulli-kl", loss: (s, t) => bernoulliKl(s, t) },
  { name: "soft-cross-entropy", loss: (s, t) => softCrossEntropy(s, t) },
  { name: "logit-mse", loss: (s, t) => logitMse(s, t) },
  { name: "probability-mse", loss: (s, t) => probabilityMse(s, t) },
  { name: "collaborative-distillation", loss: (s, t) => collaborativeDistillation(s, t) },
  {
    name: "position-weighted",
    loss: (s, ranks) => positionWeighted(s, ranks, { topK: 10, positionWeights: { kind: "logarithmic" } }),
    takesRanks: true,
  },
  {
    name: "ranking-distillation",
    loss: (s, ranks) => rankingDistillation(s, ranks, { topK: 10, positionWeights: { kind: "exponential", decay: 1 } }),
    takesRanks: true,
  },
  { name: "calibrated-listwise", loss: (s, t) => calibratedListwise(s, t) },
  { name: "pairwise-hinge", loss: (s, t) => pairwiseHinge(s, t) },
  { name: "pairwise-logistic", loss: (s, t) => pairwiseLogistic(s, t) },
  { name: "margin-mse", loss: (s, t) => marginMse(s, t) },
  { name: "list-kl", loss: (s, t) => listKl(s, t) },
  { name: "list-net", loss: (s, t) => listNet(s, t) },
  { name: "list-mle", loss: (s, t) => listMle(s, t) },
  {
    name: "rank-distil",
    loss: (s, t, noise) => rankDistil(s, t, { gumbel: noise.gumbel("orders", [1, ...s.shape]) }),
    isRandom: true,
  },
  { name: "relaxed-ranking", loss: (s, t) => relaxedRanking(s, t, { interesting: 10 }) },
  { name: "rank-position", loss: (s, ranks) => rankPosition(s, ranks), takesRanks: true },
  { name: "tutor-learning", loss: (s, t) => tutorLearning(s, t, { topK: 10, alpha: 0.5, on: "logits" }) },
  { name: "relaxed-recall", loss: (s, t) => relaxedRecall(s, t, cut) },
  { name: "global-order", loss: (s, t) => globalOrder(s, t) },
  { name: "adaptive-ranking", loss: (s, t) => adaptiveRanking(s, t, cut) },
  { name: "stage-recall", loss: (s, t) => stageRecall(s, t, cut) },
  { name: "hint-mse", loss: (s, t) => hintMse(s, t) },
  { name: "hint-cosine", loss: (s, t) => hintCosine(s, t) },
  { name: "softmax-over-negatives", loss: (s) => softmaxOverNegatives(s) },
];

/** The step's scalar: the mean over items or lists, as the PyTorch side takes it. */
export const meanOf = (losses: tf.Tensor): tf.Scalar => tf.mean(losses) as tf.Scalar;
