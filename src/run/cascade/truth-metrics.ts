import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import { NO_ITEM } from "../../eval/index.ts";
import { permutation, randomStream } from "../../random.ts";
import { topPlaces } from "../../simulate/draw.ts";
import { truthOfUser } from "../../simulate/truth.ts";
import type { World } from "../../simulate/world.ts";
import { warmUsers } from "../evaluation/corpus-lists.ts";
import type { Metrics } from "../evaluation/evaluate.ts";
import type { CascadeRunConfig } from "./cascade-config.ts";
import { bestOf, rankLists } from "./rank-lists.ts";
import { type ItemLists, scoreLists } from "./score-pairs.ts";

/** Items that count as a user's best. */
const BEST = 20;

/** What a cascade of a simulated world does to users whose truth is known. Means over users; the corpus is whole. */
export interface TruthOptions {
  readonly users: number;
  readonly seed: number;
}

/**
 * Measures a cascade against the simulated truth:
 *
 * - `recall`: share of the true best 20 by pCTCVR in what the first stage passes; `recall/click` by pCTR;
 *   `recall/cold` over those of them that no request ever showed;
 * - `best`: expected conversions of the best items that it passes, as many as are shown;
 * - `direct`: of those that the last stage alone would show of them; `conversions`, `clicks`: of those that are shown;
 * - `<stage>/kept`: share of the best items of what a middle stage gets that it passes, by truth;
 *   `<stage>/kept-ranker`: by the last stage. Both are recall@m@k inside the candidates.
 *
 * Source: Gallagher et al. (2019), "Joint Optimization of Cascade Ranking Models" (expected utility of a cascade).
 */
export async function truthMetrics(
  program: Program,
  dataset: Dataset,
  { stages }: Pick<CascadeRunConfig, "stages">,
  world: World,
  { users, seed }: TruthOptions,
): Promise<Metrics> {
  const rows = someUsers(dataset, users, seed);
  const userOf = (row: number): number => Number(dataset.users.ids[dataset.users.rowEntity[rows[row]!]!]);
  const itemOf = Int32Array.from(dataset.items.ids, Number);
  const ctcvr = Array.from(rows, (_, row) => truthOfUser(world, userOf(row)));
  const ctr = Array.from(rows, (_, row) => truthOfUser(world, userOf(row), "ctr"));
  const ranker = stages.at(-1)!;
  const k = ranker.passes;
  const rank = (lists: ItemLists): ItemLists => bestOf(lists, scoreLists(program, dataset, ranker.name, lists), k);
  const recalled = await rankLists(program, dataset, stages.slice(0, 1), rows);
  const direct = rank(recalled);
  const middle: Record<string, number> = {};
  let candidates = recalled;
  let shown = direct;
  for (const { name, passes } of stages.slice(1, -1)) {
    const passed = bestOf(candidates, scoreLists(program, dataset, name, candidates), passes);
    middle[`${name}/kept`] = sharePassed(bestOf(candidates, floats(candidates, ctcvr, itemOf), k), passed);
    middle[`${name}/kept-ranker`] = sharePassed(shown, passed);
    candidates = passed;
    shown = rank(passed);
  }
  const sum = (lists: ItemLists, of: readonly Float64Array[]): number =>
    floats(lists, of, itemOf).reduce((a, b) => a + (b > 0 ? b : 0), 0) / rows.length;
  const tops = ctcvr.map((values) => topPlaces(values, BEST));
  const cold = tops.map((items) => items.filter((item) => world.items.cold[item] === 1));
  return {
    recall: shareFound(tops, recalled, itemOf),
    "recall/click": shareFound(
      ctr.map((values) => topPlaces(values, BEST)),
      recalled,
      itemOf,
    ),
    "recall/cold": shareFound(cold, recalled, itemOf),
    best: sum(bestOf(recalled, floats(recalled, ctcvr, itemOf), k), ctcvr),
    direct: sum(direct, ctcvr),
    conversions: sum(shown, ctcvr),
    clicks: sum(shown, ctr),
    ...middle,
  };
}

/** [users] a training row each of users drawn alike. */
function someUsers(dataset: Dataset, count: number, seed: number): Int32Array {
  const { rows } = warmUsers(dataset, "train");
  return permutation(rows.length, randomStream(seed, "truth users"))
    .subarray(0, count)
    .map((place) => rows[place]!);
}

/** The truth of every place of some lists, -Infinity in padding. */
function floats({ items, length }: ItemLists, of: readonly Float64Array[], itemOf: Int32Array): Float32Array {
  return Float32Array.from(items, (item, place) =>
    item === NO_ITEM ? Number.NEGATIVE_INFINITY : of[Math.floor(place / length)]![itemOf[item]!]!,
  );
}

/** Mean share of some lists' items that other lists of the same users hold. */
function sharePassed(wanted: ItemLists, passed: ItemLists): number {
  let share = 0;
  for (let row = 0; row < wanted.rows.length; row++) {
    const held = new Set(passed.items.subarray(row * passed.length, (row + 1) * passed.length));
    const items = wanted.items.subarray(row * wanted.length, (row + 1) * wanted.length).filter((i) => i !== NO_ITEM);
    share += items.filter((item) => held.has(item)).length / items.length;
  }
  return share / wanted.rows.length;
}

/** Mean share of users' wanted items (numbers of the world) that their lists hold; users without any are left out. */
function shareFound(wanted: readonly (readonly number[])[], lists: ItemLists, itemOf: Int32Array): number | null {
  const shares = wanted.flatMap((items, row) => {
    const held = new Set(
      Array.from(lists.items.subarray(row * lists.length, (row + 1) * lists.length), (item) => itemOf[item]),
    );
    return items.length === 0 ? [] : [items.filter((item) => held.has(item)).length / items.length];
  });
  return shares.length === 0 ? null : shares.reduce((a, b) => a + b, 0) / shares.length;
}
