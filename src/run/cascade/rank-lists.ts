import type { Dataset } from "../../data/dataset.ts";
import type { Program } from "../../engine/program.ts";
import { type ItemSets, NO_ITEM } from "../../eval/index.ts";
import { studentLists } from "../evaluation/corpus-lists.ts";
import type { StageConfig } from "./cascade-config.ts";
import { type ItemLists, scoreLists } from "./score-pairs.ts";

export interface RankOptions {
  /** Items of each row that the first stage must not list. */
  readonly seen?: ItemSets;
  /** Items that the last of the stages ranks; default: what it passes. */
  readonly to?: number;
}

/**
 * The cascade up to a stage, for some rows: the first stage's best items of the whole corpus, exactly, then what each
 * next stage ranks highest of them.
 *
 * @param stages - the first stages of the cascade; the last one's ranking is returned.
 * @returns lists of what the last of the stages ranks highest, best first.
 */
export async function rankLists(
  program: Program,
  dataset: Dataset,
  stages: readonly StageConfig[],
  rows: Int32Array,
  { seen, to = stages.at(-1)!.passes }: RankOptions = {},
): Promise<ItemLists> {
  const lengths = stages.map(({ passes }, i) => (i === stages.length - 1 ? to : passes));
  const length = Math.min(lengths[0]!, dataset.items.size);
  let lists: ItemLists = { rows, length, items: (await studentLists(program, dataset, { rows, seen }, length)).items };
  for (const [i, { name }] of stages.entries())
    if (i > 0) lists = bestOf(lists, scoreLists(program, dataset, name, lists), lengths[i]!);
  return lists;
}

/** The `k` items of each list with the highest scores, best first; equal scores in the order of the list. */
export function bestOf({ rows, length, items }: ItemLists, scores: Float32Array, k: number): ItemLists {
  const best = new Int32Array(rows.length * k).fill(NO_ITEM);
  for (let row = 0; row < rows.length; row++) {
    const places = Array.from({ length }, (_, i) => row * length + i).filter((place) => items[place] !== NO_ITEM);
    places.sort((a, b) => scores[b]! - scores[a]! || a - b);
    for (const [i, place] of places.slice(0, k).entries()) best[row * k + i] = items[place]!;
  }
  return { rows, length: k, items: best };
}
