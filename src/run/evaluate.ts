import * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../data/dataset.ts";
import { type Interactions, interactions } from "../data/interactions.ts";
import type { Program } from "../engine/program.ts";
import type { HostBatch, HostTensor } from "../engine/step.ts";
import { auc } from "../eval/auc.ts";
import { rankingMetrics } from "../eval/ranking-metrics.ts";
import { topItems } from "../eval/top-items.ts";
import type { TopLists } from "../eval/top-lists.ts";
import { bestUnseen } from "./best-unseen.ts";
import type { RunConfig } from "./config/run-config.ts";
import {
  collectVectors,
  entityBatch,
  entityBatches,
  padRows,
  rowBatches,
  SCORE_ROWS,
  takeRows,
} from "./evaluation-batches.ts";

/** Metric values of one model: null where undefined (one class, no relevant item). */
export type Metrics = Readonly<Record<string, number | null>>;

/** Metrics by model: `teacher`, `student`. */
export type Evaluation = Readonly<Record<string, Metrics>>;

export type EvaluatedPart = "validation" | "test";

/** Rows of one teacher call over user-item lists. */
const LIST_ROWS = 16_384;

/**
 * Quality of the run's models on a part: AUC over its exposed rows, and recall and its kin over the whole corpus for
 * users that have training rows, with the items of those rows left out.
 */
export async function evaluate(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  part: EvaluatedPart,
): Promise<Evaluation> {
  const exposed = exposedMetrics(program, dataset, config, part);
  const corpus = config.evaluate.relevant === undefined ? {} : await corpusMetrics(program, dataset, config, part);
  return Object.fromEntries(
    Object.entries(exposed).map(([model, metrics]) => [model, { ...metrics, ...corpus[model] }]),
  );
}

function exposedMetrics(program: Program, dataset: Dataset, config: RunConfig, part: EvaluatedPart): Evaluation {
  const rows = dataset.parts[part]!;
  const scores: Record<string, Float32Array> = {};
  for (const { batch, start, count } of rowBatches(dataset, rows, SCORE_ROWS)) {
    for (const [name, { data }] of Object.entries(program.forward("score", batch))) {
      scores[name] ??= new Float32Array(rows.length);
      scores[name].set((data as Float32Array).subarray(0, count), start);
    }
  }
  const measure = (name: string, head: "ctr" | "ctcvr"): number | null =>
    auc(scores[name]!, takeRows(dataset.labels.get(config.evaluate.labels[head])!, rows));
  return {
    ...(config.teacher && {
      teacher: { "ctr/auc": measure("teacher/ctr", "ctr"), "ctcvr/auc": measure("teacher/ctcvr", "ctcvr") },
    }),
    ...(config.student && {
      student: { "ctr/auc": measure("student", "ctr"), "ctcvr/auc": measure("student", "ctcvr") },
    }),
  };
}

async function corpusMetrics(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  part: EvaluatedPart,
): Promise<Evaluation> {
  const users = warmUsers(dataset, part);
  const seen = ofUsers(dataset.trainItems, users.numbers);
  const k = Math.min(Math.max(...config.evaluate.ks), dataset.items.size);
  const relevant: Record<string, string> = { "": config.evaluate.relevant!, ...config.evaluate.alsoRelevant };
  const relevantSets = Object.entries(relevant).map(
    ([prefix, label]) =>
      [prefix, withoutSeen(ofUsers(interactions(dataset, part, { label }), users.numbers), seen)] as const,
  );
  const measure = (lists: TopLists): Metrics => {
    const metrics: Record<string, number | null> = {};
    for (const [prefix, sets] of relevantSets) {
      const { means } = rankingMetrics(lists, sets, { ks: config.evaluate.ks.filter((size) => size <= k) });
      for (const [name, value] of Object.entries(means)) metrics[prefix === "" ? name : `${prefix}/${name}`] = value;
    }
    return metrics;
  };
  return {
    ...(config.teacher && { teacher: measure(teacherLists(program, dataset, users.rows, seen, k)) }),
    ...(config.student && { student: measure(await studentLists(program, dataset, users.rows, seen, k)) }),
  };
}

/** Users with rows in the part and in training, and each one's first row in the part: its features at that time. */
function warmUsers(dataset: Dataset, part: EvaluatedPart): { readonly numbers: Int32Array; readonly rows: Int32Array } {
  const firstRow = new Map<number, number>();
  for (const row of dataset.parts[part]!) {
    const user = dataset.users.rowEntity[row]!;
    if (dataset.users.trainCount[user]! > 0 && !firstRow.has(user)) firstRow.set(user, row);
  }
  const numbers = Int32Array.from(firstRow.keys()).sort();
  return { numbers, rows: numbers.map((user) => firstRow.get(user)!) };
}

/** The sets of some users, in their order. */
function ofUsers({ offsets, items }: Interactions, users: Int32Array): Interactions {
  const starts = new Int32Array(users.length + 1);
  users.forEach((user, i) => {
    starts[i + 1] = starts[i]! + offsets[user + 1]! - offsets[user]!;
  });
  const all = new Int32Array(starts.at(-1)!);
  users.forEach((user, i) => {
    all.set(items.subarray(offsets[user]!, offsets[user + 1]!), starts[i]!);
  });
  return { offsets: starts, items: all };
}

/** Items that no list may hold are nobody's to find. */
function withoutSeen(sets: Interactions, seen: Interactions): Interactions {
  const offsets = new Int32Array(sets.offsets.length);
  const items: number[] = [];
  for (let user = 0; user + 1 < offsets.length; user++) {
    const hidden = new Set(seen.items.subarray(seen.offsets[user]!, seen.offsets[user + 1]!));
    for (const item of sets.items.subarray(sets.offsets[user]!, sets.offsets[user + 1]!))
      if (!hidden.has(item)) items.push(item);
    offsets[user + 1] = items.length;
  }
  return { offsets, items: Int32Array.from(items) };
}

async function studentLists(
  program: Program,
  dataset: Dataset,
  rows: Int32Array,
  seen: Interactions,
  k: number,
): Promise<TopLists> {
  const items = collectVectors(program, "items", entityBatches(dataset, "item"));
  const users = collectVectors(program, "users", rowBatches(dataset, rows, SCORE_ROWS));
  const tensors = [users, items].map(({ data, shape }) => tf.tensor2d(data as Float32Array, shape as [number, number]));
  try {
    return await topItems(tensors[0]!, tensors[1]!, { k, seen });
  } finally {
    tf.dispose(tensors);
  }
}

/** The teacher's lists: every user with every item, in the context of the user's row. */
function teacherLists(program: Program, dataset: Dataset, rows: Int32Array, seen: Interactions, k: number): TopLists {
  const corpus = dataset.items.size;
  const size = Math.max(1, Math.floor(LIST_ROWS / corpus));
  let scores = new Float32Array(0);
  let first = -1;
  const load = (start: number): void => {
    const block = padRows(rows.subarray(start, start + size), size);
    const { batch } = rowBatches(dataset, block, size).next().value as { batch: HostBatch };
    const items = Int32Array.from({ length: size * corpus }, (_, i) => i % corpus);
    const lists: Record<string, HostTensor> = { ...entityBatch(dataset, "item", items, [size, corpus]) };
    for (const [name, array] of Object.entries(batch)) {
      if (name.startsWith("user/")) lists[name] = array;
      if (name.startsWith("context/")) lists[name] = repeatRows(array, corpus);
    }
    scores = program.forward("teacherLists", lists).ctcvr!.data as Float32Array<ArrayBuffer>;
    first = start;
  };
  return bestUnseen(rows.length, corpus, seen, k, (user, target) => {
    const start = user - (user % size);
    if (start !== first) load(start);
    target.set(scores.subarray((user - start) * corpus, (user - start + 1) * corpus));
  });
}

/** [B, ...] -> [B, times, ...], each row repeated. */
function repeatRows({ data, shape }: HostTensor, times: number): HostTensor {
  const [rows = 0, ...rest] = shape;
  const width = data.length / rows;
  const repeated =
    data instanceof Int32Array ? new Int32Array(data.length * times) : new Float32Array(data.length * times);
  for (let row = 0; row < rows; row++) {
    const values = data.subarray(row * width, (row + 1) * width);
    for (let i = 0; i < times; i++) repeated.set(values, (row * times + i) * width);
  }
  return { data: repeated, shape: [rows, times, ...rest] };
}
