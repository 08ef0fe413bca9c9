// B = rows, N = candidates a row
import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../../engine/noise.ts";
import { ranksOf } from "../lists/list-order.ts";
import { bernoulliKl } from "../losses/bernoulli-kl.ts";
import { calibratedListwise } from "../losses/calibrated-listwise.ts";
import { collaborativeDistillation } from "../losses/collaborative-distillation.ts";
import { listKl } from "../losses/list-kl.ts";
import { listMle } from "../losses/list-mle.ts";
import { listNet } from "../losses/list-net.ts";
import { marginMse } from "../losses/margin-mse.ts";
import { pairwiseHinge } from "../losses/pairwise-hinge.ts";
import { pairwiseLogistic } from "../losses/pairwise-logistic.ts";
import { positionWeighted } from "../losses/position-weighted.ts";
import { rankDistil } from "../losses/rank-distil.ts";
import { rankPosition } from "../losses/rank-position.ts";
import { estimateRanks, rankingDistillation } from "../losses/ranking-distillation.ts";
import { relaxedRanking } from "../losses/relaxed-ranking.ts";
import { adaptiveRanking, globalOrder, relaxedRecall, stageRecall } from "../losses/relaxed-recall.ts";
import { softCrossEntropy } from "../losses/soft-cross-entropy.ts";
import { logitMse, probabilityMse } from "../losses/squared-error.ts";
import { tutorLearning } from "../losses/tutor-order.ts";
import type { Temperature } from "../temperature.ts";
import type { ListWiseSpec, PointWiseSpec } from "./distill-spec.ts";

/** What a point-wise term compares. */
export interface PointWiseInputs {
  /** [B] or [B, N] logits. */
  readonly student: tf.Tensor;
  /** Same shape: logits, or ranks where the teacher left no scores. */
  readonly teacher: tf.Tensor;
  /** [B, N], for the ranks within lists. */
  readonly mask?: tf.Tensor | undefined;
  /** The teacher's values are ranks, 1 the best. Default false. */
  readonly areRanks?: boolean;
  readonly temperature?: Temperature | undefined;
}

/** What a list-wise term compares. */
export interface ListWiseInputs extends PointWiseInputs {
  readonly noise: Noise;
  /** Name of the term's noise in the step. */
  readonly site: string;
  /** Items of the catalogue. */
  readonly numItems: number;
  /** The learned balance of adaptive-ranking. */
  readonly alpha?: tf.Scalar | undefined;
}

/** Losses of a point-wise term, unreduced: the shape of its inputs. */
export function pointWiseLosses(
  spec: PointWiseSpec,
  { student, teacher, mask, areRanks = false, temperature = 1 }: PointWiseInputs,
): tf.Tensor {
  switch (spec.kind) {
    case "bernoulli-kl":
      return bernoulliKl(student, teacher, { ...optionsOf(spec), temperature });
    case "soft-cross-entropy":
      return softCrossEntropy(student, teacher, { ...optionsOf(spec), temperature });
    case "logit-mse":
    case "affine-mse":
      return logitMse(student, teacher, optionsOf(spec));
    case "probability-mse":
      return probabilityMse(student, teacher, { ...optionsOf(spec), temperature });
    case "collaborative-distillation":
      return collaborativeDistillation(student, teacher, { ...optionsOf(spec), temperature });
    case "position-weighted":
      return positionWeighted(student, areRanks ? teacher : ranksOf(teacher, mask, spec.topK), optionsOf(spec));
  }
}

/** Losses of a list-wise term: [B]. */
export function listWiseLosses(spec: ListWiseSpec, inputs: ListWiseInputs): tf.Tensor1D {
  const { student, teacher, mask, temperature = 1 } = inputs;
  const scores = (): tf.Tensor => (inputs.areRanks ? tf.neg(teacher) : teacher);
  const ranks = (first?: number): tf.Tensor => (inputs.areRanks ? teacher : ranksOf(teacher, mask, first));
  switch (spec.kind) {
    case "ranking-distillation":
      return rankingDistillation(student, ranks(spec.topK), { ...rankingOptions(spec, inputs), mask });
    case "calibrated-listwise":
      return calibratedListwise(student, teacher, { ...optionsOf(spec), mask });
    case "pairwise-hinge":
      return pairwiseHinge(student, scores(), { ...optionsOf(spec), mask });
    case "pairwise-logistic":
      return pairwiseLogistic(student, scores(), { ...optionsOf(spec), mask });
    case "margin-mse":
      return marginMse(student, teacher, { ...optionsOf(spec), mask });
    case "list-kl":
      return listKl(student, teacher, { ...optionsOf(spec), mask, temperature });
    case "list-net":
      return listNet(student, teacher, { ...optionsOf(spec), mask, temperature });
    case "list-mle":
      return listMle(student, scores(), { ...optionsOf(spec), mask, temperature });
    case "rank-distil":
      return rankDistil(student, teacher, { ...drawnOrders(spec, inputs), mask, temperature });
    case "relaxed-ranking":
      return relaxedRanking(student, scores(), { mask, temperature, interesting: spec.interesting });
    case "rank-position":
      return rankPosition(student, ranks(), { ...optionsOf(spec), mask, temperature });
    case "tutor-learning":
      return tutorLearning(student, teacher, { ...optionsOf(spec), mask });
    case "relaxed-recall":
      return relaxedRecall(student, scores(), { ...optionsOf(spec), mask, temperature });
    case "stage-recall":
      return stageRecall(student, scores(), { ...optionsOf(spec), mask, temperature });
    case "global-order":
      return globalOrder(student, scores(), { ...optionsOf(spec), mask, temperature });
    case "adaptive-ranking": {
      const { alpha = 1 } = inputs;
      return adaptiveRanking(student, scores(), { ...optionsOf(spec), mask, temperature, alpha });
    }
  }
}

type Of<K extends ListWiseSpec["kind"]> = Extract<ListWiseSpec, { kind: K }>;

/** The student's ranks are estimated among the row's own candidates. */
function rankingOptions(spec: Of<"ranking-distillation">, { student, numItems }: ListWiseInputs) {
  const { discrepancy, ...rest } = optionsOf(spec);
  if (discrepancy === undefined) return rest;
  return { ...rest, discrepancy: { ...discrepancy, studentRanks: estimateRanks(student, student, numItems) } };
}

function drawnOrders({ orders, topK }: Of<"rank-distil">, { student, noise, site }: ListWiseInputs) {
  const gumbel = noise.gumbel(site, [orders, ...student.shape]);
  return { gumbel, ...(topK !== undefined && { topK }) };
}

type Options<T> = { readonly [K in keyof Omit<T, "kind">]: Exclude<T[K], undefined> };

/** The options of a spec: without its kind, and without those that are undefined. */
function optionsOf<T extends { readonly kind: string }>({ kind: _, ...given }: T): Options<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Options<T>;
}
