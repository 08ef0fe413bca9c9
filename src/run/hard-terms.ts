// B = rows, N = candidates a row, C = columns of the in-batch matrix
import * as tf from "@tensorflow/tfjs";
import type { InBatchOptions } from "../distill/lists/in-batch-columns.ts";
import { binaryCrossEntropy } from "../distill/losses/binary-cross-entropy.ts";
import { inBatchHinge, inBatchLogistic } from "../distill/losses/in-batch-pairs.ts";
import { inBatchSoftmax } from "../distill/losses/in-batch-softmax.ts";
import { hingeOverNegatives, logisticOverNegatives, softmaxOverNegatives } from "../distill/losses/over-negatives.ts";
import { refinedSoftmax } from "../distill/losses/refined-softmax.ts";
import { weightedMean, weightedSum } from "../distill/weighted-mean.ts";
import type { TensorBatch } from "../engine/step.ts";
import { type HardLossConfig, type InBatchLossConfig, isInBatch } from "./config/hard-loss-config.ts";
import { type InBatchScores, ownColumn, type StudentScores } from "./student-scores.ts";

/** The mean loss of a batch that the student learns from a label. */
export function hardTerm(loss: HardLossConfig, scores: StudentScores, batch: TensorBatch): tf.Scalar {
  const label = batch[`label/${loss.label}`]!;
  if (loss.kind === "binary-cross-entropy")
    return weightedMean(binaryCrossEntropy(scores.logits(), smoothed(label, loss.smoothing)), candidateWeights(batch));
  const positives = tf.mul(batch.weight!, ownColumn(label));
  if (isInBatch(loss)) {
    const losses = inBatchLosses(loss, scores.inBatch(), batch);
    return "reduction" in loss && loss.reduction === "sum"
      ? weightedSum(losses, positives)
      : weightedMean(losses, positives);
  }
  return weightedMean(negativesLosses(loss, scores, batch), positives);
}

/** Labels moved towards 1/2. Source: Szegedy et al. (2016), "Rethinking the Inception architecture", section 7, two classes. */
function smoothed(labels: tf.Tensor, smoothing: number): tf.Tensor {
  return smoothing === 0 ? labels : tf.add(tf.mul(labels, 1 - smoothing), smoothing / 2);
}

/** Weight of every entry of a point-wise loss: [B] rows, or [B, N] candidates without the padded ones. */
export function candidateWeights({ weight, mask }: TensorBatch): tf.Tensor {
  return mask?.rank === 2 ? tf.mul(mask, tf.expandDims(weight!, 1)) : weight!;
}

function inBatchLosses(loss: InBatchLossConfig, scores: InBatchScores, batch: TensorBatch): tf.Tensor1D {
  const { known, logQ, extraMask } = scores;
  const options: InBatchOptions = {
    mask: tf.cast(tf.greater(batch.weight!, 0), "float32") as tf.Tensor1D,
    extraMask,
    known: loss.maskKnown ? known : undefined,
  };
  if (loss.kind === "in-batch-softmax") {
    const { scale, symmetric, hardest, logQShare } = loss;
    const logits = scale === undefined ? scores.logits() : tf.mul(scores.cosines(), scale);
    if (loss.logQ === "corrected") return refinedSoftmax(logits, { ...options, logQ: logQ! });
    const corrected = loss.logQ === "none" ? {} : { logQ, correction: loss.logQ, share: logQShare };
    return inBatchSoftmax(logits, { ...options, ...corrected, symmetric, ...(hardest !== undefined && { hardest }) });
  }
  const compared = loss.on === "cosines" ? scores.cosines() : scores.logits();
  const { hardest } = loss;
  return loss.kind === "in-batch-hinge"
    ? inBatchHinge(compared, { ...options, hardest, margin: loss.margin })
    : inBatchLogistic(compared, { ...options, hardest, sharpness: loss.sharpness });
}

type NegativesLoss = Extract<HardLossConfig, { kind: "hinge" | "logistic" | "bpr" | "softmax" }>;

/** [B] losses of each row's own item against its own negatives. */
function negativesLosses(loss: NegativesLoss, scores: StudentScores, { mask, logQ }: TensorBatch): tf.Tensor1D {
  if (loss.kind === "bpr") return logisticOverNegatives(scores.logits(), { mask, reduction: "sum" });
  if (loss.kind === "softmax") {
    const logits = loss.scale === undefined ? scores.logits() : tf.mul(scores.cosines(), loss.scale);
    const corrected = loss.logQ === "none" ? {} : { logQ, correction: loss.logQ, share: loss.logQShare };
    return softmaxOverNegatives(logits, { mask, ...corrected });
  }
  const compared = loss.on === "cosines" ? scores.cosines() : scores.logits();
  const options = { mask, reduction: loss.reduction, ...(loss.hardest !== undefined && { hardest: loss.hardest }) };
  return loss.kind === "hinge"
    ? hingeOverNegatives(compared, { ...options, margin: loss.margin })
    : logisticOverNegatives(compared, { ...options, sharpness: loss.sharpness });
}
