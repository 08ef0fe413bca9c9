import type { Dataset } from "../../data/dataset.ts";
import { interactions } from "../../data/interactions.ts";
import type { Program } from "../../engine/program.ts";
import {
  auc,
  kendallTau,
  NO_ITEM,
  orderedPairAccuracy,
  rankingMetrics,
  recallAtMAtK,
  type TopLists,
  withoutItems,
} from "../../eval/index.ts";
import { takeRows } from "../evaluation/batches.ts";
import { setsOf, type WarmUsers, warmUsers } from "../evaluation/corpus-lists.ts";
import type { EvaluatedPart, Evaluation, Metrics } from "../evaluation/evaluate.ts";
import type { CascadeRunConfig } from "./cascade-config.ts";
import { bestOf, rankLists } from "./rank-lists.ts";
import { type ItemLists, scoreLists } from "./score-pairs.ts";

/**
 * Quality of a cascade on a part, for users that have training rows:
 *
 * - of each stage, `recall@m` of the relevant items in what it passes (so far into the cascade, that is, joint recall),
 *   `ctr/auc` and `ctcvr/auc` over the part's exposed rows, and, for all but the last, how well it agrees with the last
 *   stage on the candidates that it gets: `recall@m@k`, with m what it passes and k what the last one does, `opa` and
 *   `kendall-tau`;
 * - of the `cascade`, recall, NDCG and their kin of the shown list.
 */
export async function evaluateCascade(
  program: Program,
  dataset: Dataset,
  config: CascadeRunConfig,
  part: EvaluatedPart,
): Promise<Evaluation> {
  const { stages, evaluate } = config;
  const users = firstUsers(warmUsers(dataset, part), evaluate.users);
  const { seen } = users;
  const relevantOf = setsOf(interactions(dataset, part, { label: evaluate.relevant }), users.numbers);
  const relevant = evaluate.excludeSeen ? withoutItems(relevantOf, seen) : relevantOf;
  const ranker = stages.at(-1)!;
  const options = evaluate.excludeSeen ? { seen } : {};
  const result: Record<string, Metrics> = {};
  // What the first stage gets is the corpus: its agreement with the ranker is measured on twice what it passes.
  const wide = Math.min(2 * stages[0]!.passes, dataset.items.size);
  let candidates = await rankLists(program, dataset, stages.slice(0, 1), users.rows, { ...options, to: wide });
  for (const stage of stages) {
    const scores = scoreLists(program, dataset, stage.name, candidates);
    const passed = bestOf(candidates, scores, stage.passes);
    const recall = rankingMetrics(topLists(passed), relevant, { ks: [stage.passes] }).means;
    const m = stage.passes;
    result[stage.name] = {
      ...exposedMetrics(program, dataset, config, stage.name, part),
      [`recall@${m}`]: recall[`recall@${m}`] ?? null,
      ...(stage !== ranker &&
        agreement(candidates, scores, scoreLists(program, dataset, ranker.name, candidates), { m, k: ranker.passes })),
    };
    candidates = passed;
  }
  const ks = [...new Set([10, ranker.passes])].filter((k) => k <= ranker.passes);
  return { ...result, cascade: rankingMetrics(topLists(candidates), relevant, { ks }).means };
}

function exposedMetrics(
  program: Program,
  dataset: Dataset,
  { labels }: CascadeRunConfig,
  stage: string,
  part: EvaluatedPart,
): Metrics {
  const rows = dataset.parts[part]!;
  const items = rows.map((row) => dataset.items.rowEntity[row]!);
  const scores = scoreLists(program, dataset, stage, { rows, length: 1, items });
  const against = (label: string): number | null => auc(scores, takeRows(dataset.labels.get(label)!, rows));
  return { "ctr/auc": against(labels.click), "ctcvr/auc": against(labels.conversion) };
}

/** How a stage orders its candidates compared with the ranker, averaged over lists where it is defined. */
function agreement(
  lists: ItemLists,
  own: Float32Array,
  ranker: Float32Array,
  { m, k }: { readonly m: number; readonly k: number },
): Metrics {
  const kept = recallAtMAtK(topLists(bestOf(lists, own, m)), topLists(bestOf(lists, ranker, k)), { m, k });
  const perList = (measure: (a: Float32Array, b: Float32Array) => number | null): number | null => {
    const values: number[] = [];
    for (let row = 0; row < lists.rows.length; row++) {
      const places = Array.from({ length: lists.length }, (_, i) => row * lists.length + i);
      const real = places.filter((place) => lists.items[place] !== NO_ITEM);
      const pick = (scores: Float32Array): Float32Array => Float32Array.from(real, (place) => scores[place]!);
      const value = measure(pick(own), pick(ranker));
      if (value !== null) values.push(value);
    }
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
  };
  return { [`recall@${m}@${k}`]: kept.mean, opa: perList(orderedPairAccuracy), "kendall-tau": perList(kendallTau) };
}

const topLists = ({ rows, length, items }: ItemLists): TopLists => ({ users: rows.length, width: length, items });

function firstUsers({ numbers, rows, seen }: WarmUsers, most: number): WarmUsers {
  if (numbers.length <= most) return { numbers, rows, seen };
  const offsets = seen.offsets.slice(0, most + 1);
  return {
    numbers: numbers.slice(0, most),
    rows: rows.slice(0, most),
    seen: { offsets, items: seen.items.slice(0, offsets[most]) },
  };
}
