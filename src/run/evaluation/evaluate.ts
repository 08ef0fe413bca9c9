import type { Dataset } from "../../data/dataset.ts";
import { interactions } from "../../data/interactions.ts";
import type { Program } from "../../engine/program.ts";
import { auc, gauc, loglossFromLogits, rankingMetrics, type TopLists, withoutItems } from "../../eval/index.ts";
import type { RunConfig } from "../config/run-config.ts";
import { takeRows } from "./batches.ts";
import { setsOf, studentLists, teacherLists, type WarmUsers, warmUsers } from "./corpus-lists.ts";
import { exposedScores } from "./exposed-scores.ts";

/** Metric values of one model: null where undefined (one class, no relevant item). */
export type Metrics = Readonly<Record<string, number | null>>;

/** Metrics by model: `teacher`, `student`. */
export type Evaluation = Readonly<Record<string, Metrics>>;

export type EvaluatedPart = "validation" | "test";

/**
 * Quality of the run's models on a part: AUC and its kin over its exposed rows, and recall and its kin over the whole
 * corpus for users that have training rows, with the items of their rows before the part left out.
 *
 * `ctr/*` is measured against the label `evaluate.labels.ctr` and `ctcvr/*` against `evaluate.labels.ctcvr`, whatever
 * the models were trained on; a student has one score for both. `gauc` is by user, weighted by rows.
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
  const scores = exposedScores(program, dataset, rows);
  const users = rows.map((row) => dataset.users.rowEntity[row]!);
  const measure = (name: string, head: "ctr" | "ctcvr"): Metrics => {
    const labels = takeRows(dataset.labels.get(config.evaluate.labels[head])!, rows);
    const logits = scores[name]!;
    return {
      [`${head}/auc`]: auc(logits, labels),
      [`${head}/gauc`]: gauc(logits, labels, users, { weighting: "samples" }).value,
      [`${head}/logloss`]: loglossFromLogits(logits, labels),
    };
  };
  return {
    ...(config.teacher && { teacher: { ...measure("teacher/ctr", "ctr"), ...measure("teacher/ctcvr", "ctcvr") } }),
    ...(config.student && { student: { ...measure("student", "ctr"), ...measure("student", "ctcvr") } }),
  };
}

async function corpusMetrics(
  program: Program,
  dataset: Dataset,
  config: RunConfig,
  part: EvaluatedPart,
): Promise<Evaluation> {
  const users = warmUsers(dataset, part);
  const k = Math.min(Math.max(...config.evaluate.ks), dataset.items.size);
  const ks = config.evaluate.ks.filter((size) => size <= k);
  const relevant = Object.entries({ "": config.evaluate.relevant!, ...config.evaluate.alsoRelevant }).map(
    ([prefix, label]) => [prefix, relevantSets(dataset, part, label, users)] as const,
  );
  const measure = (lists: TopLists): Metrics => {
    const named = relevant.flatMap(([prefix, sets]) =>
      Object.entries(rankingMetrics(lists, sets, { ks }).means).map(
        ([name, value]) => [prefix === "" ? name : `${prefix}/${name}`, value] as const,
      ),
    );
    return Object.fromEntries(named);
  };
  return {
    ...(config.teacher && { teacher: measure(teacherLists(program, dataset, users, k)) }),
    ...(config.student && { student: measure(await studentLists(program, dataset, users, k)) }),
  };
}

/** Items of the part with the label, without those that no list may hold. */
function relevantSets(dataset: Dataset, part: EvaluatedPart, label: string, users: WarmUsers) {
  return withoutItems(setsOf(interactions(dataset, part, { label }), users.numbers), users.seen);
}
