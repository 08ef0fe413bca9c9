// Lists of items for each user: the teacher's best of the whole corpus, and some drawn alike.
import { hasItem } from "../../data/interactions.ts";
import type { SectionName } from "../../distill/scores/manifest.ts";
import type { ScoreColumns } from "../../distill/scores/score-columns.ts";
import { randomStream } from "../../random.ts";
import { bestPlaces } from "./best-places.ts";
import { type ExcludedItems, excludedItems, listRows } from "./list-users.ts";
import { blocks, type KeyTexts, type Pairs, pairColumns } from "./pair-columns.ts";
import type { Scorer } from "./score-heads.ts";
import { listsPerShard, type ScoringWork, type ShardWork } from "./scoring-work.ts";

/** The shards of the sections `top` and `uniform`: both come from one pass over every user and item. */
export function* listShards(work: ScoringWork, keys: KeyTexts): Generator<ShardWork> {
  const { dataset, config, rows } = work;
  const sections: SectionName[] = [
    ...(config.top ? ["top" as const] : []),
    ...(config.uniform ? ["uniform" as const] : []),
  ];
  const excluded = excludedItems(dataset, config.exclude);
  for (const [shard, block] of blocks(listRows(dataset, rows, config.users), listsPerShard(config))) {
    yield { shard, sections, make: (wanted) => listColumns(work, { keys, excluded, rows: block, wanted }) };
  }
}

interface ListBlock {
  readonly keys: KeyTexts;
  readonly excluded: ExcludedItems;
  readonly rows: Int32Array;
  readonly wanted: ReadonlySet<SectionName>;
}

function listColumns(
  { dataset, config, scorer, seed }: ScoringWork,
  { keys, excluded, rows, wanted }: ListBlock,
): Partial<Record<SectionName, ScoreColumns>> {
  const corpus = dataset.items.size;
  const best = pairGatherer(scorer);
  const drawn = pairGatherer(scorer);
  const by = config.top?.by ?? scorer.heads.at(-1)!.name;
  for (const { start, count, scores } of scorer.everyItem(rows)) {
    for (let i = 0; i < count; i++) {
      const row = rows[start + i]!;
      const user = dataset.users.rowEntity[row]!;
      const allowed = Int32Array.from({ length: corpus }, (_, item) => item).filter(
        (item) => !hasItem(excluded, user, item),
      );
      const own = (head: string): Float32Array => scores[head]!.subarray(i * corpus, (i + 1) * corpus);
      if (wanted.has("top")) best.add(row, bestPlaces(own(by), allowed, config.top!.k), own);
      if (wanted.has("uniform")) drawn.add(row, drawAlike(allowed, config.uniform!.count, seed, user), own);
    }
  }
  return {
    ...(wanted.has("top") && { top: pairColumns(dataset, keys, { ...best.finish(), ranked: true }) }),
    ...(wanted.has("uniform") && { uniform: pairColumns(dataset, keys, drawn.finish()) }),
  };
}

/** `count` of the items without repetition, each set alike. */
function drawAlike(items: Int32Array, count: number, seed: number, user: number): Int32Array {
  const stream = randomStream(seed, "uniform", user);
  const drawn = items.slice();
  const length = Math.min(count, drawn.length);
  for (let i = 0; i < length; i++) {
    const j = i + stream.integer(drawn.length - i);
    const held = drawn[i]!;
    drawn[i] = drawn[j]!;
    drawn[j] = held;
  }
  return drawn.subarray(0, length);
}

function pairGatherer({ heads }: Scorer) {
  const rows: number[] = [];
  const items: number[] = [];
  const scores: Record<string, number[]> = Object.fromEntries(heads.map(({ name }) => [name, []]));
  return {
    add(row: number, chosen: Int32Array, own: (head: string) => Float32Array): void {
      for (const item of chosen) {
        rows.push(row);
        items.push(item);
      }
      for (const { name } of heads) for (const item of chosen) scores[name]!.push(own(name)[item]!);
    },
    finish: (): Pairs => ({
      rows: Int32Array.from(rows),
      items: Int32Array.from(items),
      scores: Object.fromEntries(Object.entries(scores).map(([name, values]) => [name, Float32Array.from(values)])),
    }),
  };
}
