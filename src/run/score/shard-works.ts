// The sections of a store as shards: which pairs each holds, by numbers alone, so that a job that goes on or runs beside
// others cuts them alike.
import { frequencySampler, uniformSampler } from "../../data/item-sampler.ts";
import { drawNegatives, NO_ITEM } from "../../data/negatives.ts";
import type { SectionName } from "../../distill/scores/manifest.ts";
import type { ScoreColumns } from "../../distill/scores/score-columns.ts";
import { randomStream } from "../../random.ts";
import { listShards } from "./list-sections.ts";
import { excludedItems } from "./list-users.ts";
import { blocks, type KeyTexts, keyTexts, pairColumns } from "./pair-columns.ts";
import type { ScoringWork, ShardWork } from "./scoring-work.ts";

/** Every shard of every section, in order. */
export function* shardWorks(work: ScoringWork): Generator<ShardWork> {
  const { rows, candidates, top, uniform } = work.config;
  const keys = keyTexts(work.dataset);
  if (rows) yield* rowShards(work, keys);
  if (candidates) yield* candidateShards(work, keys);
  if (top || uniform) yield* listShards(work, keys);
}

function* rowShards({ dataset, config, scorer, rows }: ScoringWork, keys: KeyTexts): Generator<ShardWork> {
  for (const [shard, block] of blocks(rows, config.rowsPerShard)) {
    yield {
      shard,
      sections: ["rows"],
      make: () => ({ rows: pairColumns(dataset, keys, { rows: block, scores: scorer.pairs(block) }) }),
    };
  }
}

function* candidateShards({ dataset, config, scorer, rows, seed }: ScoringWork, keys: KeyTexts): Generator<ShardWork> {
  const { perRow, kind, power } = config.candidates!;
  const sampler = kind === "random" ? uniformSampler(dataset.items) : frequencySampler(dataset.items, power ?? 1);
  const known = excludedItems(dataset, config.exclude);
  for (const [shard, block] of blocks(rows, Math.max(1, Math.floor(config.rowsPerShard / perRow)))) {
    const make = (): Partial<Record<SectionName, ScoreColumns>> => {
      const drawn = drawNegatives(
        { ...dataset, trainItems: known },
        { rows: block, count: perRow, excludeKnown: true, sampler, stream: randomStream(seed, "candidates", shard) },
      );
      const kept = Int32Array.from(drawn.keys()).filter((i) => drawn[i] !== NO_ITEM);
      const pairRows = kept.map((i) => block[Math.floor(i / perRow)]!);
      const items = kept.map((i) => drawn[i]!);
      return {
        candidates: pairColumns(dataset, keys, { rows: pairRows, items, scores: scorer.pairs(pairRows, items) }),
      };
    };
    yield { shard, sections: ["candidates"], make };
  }
}
