// B = rows of a batch
import {
  batchRecall,
  bernoulliKl,
  coverageAtK,
  expectedCalibrationError,
  gauc,
  giniAtK,
  kendallTau,
  knnRecall,
  mean,
  normalisedEntropyFromLogits,
  noveltyAtK,
  orderedPairAccuracy,
  overlapAtK,
  pairOrderAgreement,
  prAuc,
  predictedOverObserved,
  rankBiasedOverlap,
  recallAtMAtK,
  type TopLists,
  teacherRegretOfTopLists,
} from "../../eval/index.ts";
import { ASKED_METRICS, type AskedMetric, askedMetric } from "../config/asked-metrics.ts";
import { collectVectors, entityBatch, padRows, rowBatches, SCORE_ROWS, takeRows } from "./batches.ts";
import { type Measurement, type ModelName, scoreName } from "./measurement.ts";
import { teacherScoreBlocks } from "./teacher-scores.ts";

/** Rows of a batch of batch_recall. */
const BATCH_ROWS = 256;

/** The metrics of one model that `evaluate.metrics` names. Agreement with the teacher stands among the student's. */
export async function askedMetrics(
  measurement: Measurement,
  model: ModelName,
): Promise<Readonly<Record<string, number | null>>> {
  const found: Record<string, number | null> = {};
  for (const metric of measurement.config.evaluate.metrics.map(askedMetric)) {
    const source = ASKED_METRICS[metric.plain]!;
    if (source === "rows") Object.assign(found, rowMetrics(measurement, model, metric));
    else if (source === "lists") found[metric.name] = await listMetric(measurement, model, metric);
    else if (model === "student") found[metric.name] = await agreementMetric(measurement, metric);
  }
  return found;
}

/** `ctr/pr_auc` and `ctcvr/pr_auc`, against the label of each head; opa against both. */
function rowMetrics(
  { dataset, config, rows, scores }: Measurement,
  model: ModelName,
  { plain }: AskedMetric,
): Readonly<Record<string, number | null>> {
  const users = rows.map((row) => dataset.users.rowEntity[row]!);
  const labelOf = (head: "ctr" | "ctcvr"): Float32Array =>
    takeRows(dataset.labels.get(config.evaluate.labels[head])!, rows);
  if (plain === "opa") {
    const [click, conversion] = [labelOf("ctr"), labelOf("ctcvr")];
    return {
      opa: gradedPairs(
        scores()[scoreName(model, "ctcvr")]!,
        click.map((y, i) => y + conversion[i]!),
        users,
      ),
    };
  }
  const heads = (["ctr", "ctcvr"] as const).map((head) => {
    const value = rowMetric(plain, scores()[scoreName(model, head)]!, labelOf(head), users);
    return [`${head}/${plain}`, value] as const;
  });
  return Object.fromEntries(heads);
}

function rowMetric(plain: string, logits: Float32Array, labels: Float32Array, users: Int32Array): number | null {
  const probabilities = (): Float64Array => Float64Array.from(logits, (logit) => 1 / (1 + Math.exp(-logit)));
  switch (plain) {
    case "gauc_mean":
      return gauc(logits, labels, users, { weighting: "mean" }).value;
    case "gauc_positives":
      return gauc(logits, labels, users, { weighting: "positives" }).value;
    case "pr_auc":
      return prAuc(logits, labels);
    case "ne":
      return normalisedEntropyFromLogits(logits, labels);
    case "ece":
      return expectedCalibrationError(probabilities(), labels);
    default:
      return predictedOverObserved(probabilities(), labels);
  }
}

/** Ordered-pair accuracy of each user's exposed rows, graded by the labels that they have; mean over users. */
function gradedPairs(scores: Float32Array, grades: Float32Array, users: Int32Array): number | null {
  const rowsOf = new Map<number, number[]>();
  for (const [row, user] of users.entries()) rowsOf.set(user, [...(rowsOf.get(user) ?? []), row]);
  const values = [...rowsOf.values()].map((rows) =>
    orderedPairAccuracy(
      rows.map((row) => scores[row]!),
      rows.map((row) => grades[row]!),
    ),
  );
  return mean(values.filter((value) => value !== null));
}

async function listMetric(
  measurement: Measurement,
  model: ModelName,
  { plain, cutoffs }: AskedMetric,
): Promise<number | null> {
  const { dataset, lists } = measurement;
  const k = cutoffs[0]!;
  if (plain === "batch_recall") return batchRecallOf(measurement, model, k);
  if (plain === "knn_recall") {
    const { users, items } = relevantPairs(measurement);
    return knnRecall(await lists(model, "kept"), users, items, { k });
  }
  const own = await lists(model, "masked");
  if (plain === "coverage") return coverageAtK(own, { k, items: dataset.items.size });
  if (plain === "gini") return giniAtK(own, { k, items: dataset.items.size });
  return noveltyAtK(own, dataset.items.trainCount, { k }).mean;
}

/** Rows of the part with the label that makes items relevant. */
function relevantRows({ dataset, config, rows }: Measurement): Int32Array {
  const label = dataset.labels.get(config.evaluate.relevant!)!;
  return rows.filter((row) => label[row] === 1);
}

/** Relevant rows of warm users, as the place of the user in the lists and the item. */
function relevantPairs(measurement: Measurement): {
  readonly users: readonly number[];
  readonly items: readonly number[];
} {
  const { dataset, users } = measurement;
  const placeOf = new Map(Array.from(users().numbers, (user, place) => [user, place]));
  const pairs = [...relevantRows(measurement)].flatMap((row) => {
    const place = placeOf.get(dataset.users.rowEntity[row]!);
    return place === undefined ? [] : [{ place, item: dataset.items.rowEntity[row]! }];
  });
  return { users: pairs.map(({ place }) => place), items: pairs.map(({ item }) => item) };
}

/** Mean over whole batches of relevant rows; a row's own item again in another row does not count against it. */
function batchRecallOf(measurement: Measurement, model: ModelName, k: number): number | null {
  const { dataset } = measurement;
  const rows = relevantRows(measurement);
  const size = Math.min(BATCH_ROWS, rows.length);
  const starts = Array.from({ length: size === 0 ? 0 : Math.floor(rows.length / size) }, (_, i) => i * size);
  const scoresOf = model === "student" ? studentMatrix(measurement) : teacherMatrix(measurement);
  const values = starts.map((start) => {
    const batch = rows.subarray(start, start + size);
    const items = batch.map((row) => dataset.items.rowEntity[row]!);
    const ignored = Uint8Array.from({ length: size * size }, (_, place) => {
      const [row, column] = [Math.floor(place / size), place % size];
      return row !== column && items[row] === items[column] ? 1 : 0;
    });
    return batchRecall(scoresOf(batch, items), { k, ignored });
  });
  return mean(values.filter((value) => value !== null));
}

/** [B, B] of every row's user with every row's item. */
type ScoreMatrix = (rows: Int32Array, items: Int32Array) => Float32Array;

function studentMatrix({ program, dataset }: Measurement): ScoreMatrix {
  return (rows, items) => {
    const users = collectVectors(program, "users", rowBatches(dataset, rows, SCORE_ROWS));
    const batch = entityBatch(dataset, "item", padRows(items, SCORE_ROWS), [SCORE_ROWS]);
    const vectors = collectVectors(program, "items", [{ batch, count: items.length }]);
    const [size = 0, width = 0] = users.shape;
    return Float32Array.from({ length: size * size }, (_, place) => {
      const [user, item] = [Math.floor(place / size) * width, (place % size) * width];
      let dot = 0;
      for (let i = 0; i < width; i++) dot += users.data[user + i]! * vectors.data[item + i]!;
      return dot;
    });
  };
}

function teacherMatrix({ program, dataset }: Measurement): ScoreMatrix {
  return (rows, items) => {
    const matrix = new Float32Array(rows.length ** 2);
    const lists = { rows, length: items.length, itemAt: (_user: number, place: number) => items[place]! };
    for (const { start, scores } of teacherScoreBlocks(program, dataset, lists))
      matrix.set(scores, start * items.length);
    return matrix;
  };
}

async function agreementMetric(measurement: Measurement, { plain, cutoffs }: AskedMetric): Promise<number | null> {
  const scores = measurement.scores();
  const [student, teacher] = [scores.student!, scores["teacher/ctcvr"]!];
  if (plain === "kendall_tau") return kendallTau(student, teacher);
  if (plain === "pair_agreement") return pairOrderAgreement(student, teacher);
  if (plain === "kl") return mean(student.map((logit, row) => bernoulliKl(teacher[row]!, logit)));
  const own = await measurement.lists("student", "masked");
  const other = await measurement.lists("teacher", "masked");
  const [first = 0, second = 0] = cutoffs;
  if (plain === "overlap") return overlapAtK(own, other, { k: first }).mean;
  if (plain === "teacher_recall") return recallAtMAtK(own, other, { m: first, k: second }).mean;
  if (plain === "rbo") return rankBiasedOverlap(own, other).mean;
  const [best, chosen] = [other, own].map((lists) => teacherScoresOf(measurement, lists, first));
  return teacherRegretOfTopLists(best!, chosen!, { width: first, k: first }).mean;
}

/** [U, k] the teacher's logits of the first k of lists. */
export function teacherScoresOf(
  { program, dataset, users }: Pick<Measurement, "program" | "dataset" | "users">,
  lists: TopLists,
  k: number,
): Float32Array {
  const itemAt = (user: number, place: number): number => Math.max(0, lists.items[user * lists.width + place]!);
  const all = new Float32Array(users().rows.length * k);
  for (const { start, scores } of teacherScoreBlocks(program, dataset, { rows: users().rows, length: k, itemAt }))
    all.set(scores, start * k);
  return all;
}
