import { join } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import type { RankedLists } from "../data/negative-sources.ts";
import { deepestRank } from "../data/rank-sampler.ts";
import { sharedInt32 } from "../data/shared-array.ts";
import type { Program } from "../engine/program.ts";
import { NO_ITEM, type TopLists } from "../eval/top-lists.ts";
import { type Rankings, samplingOf } from "./batch-spec.ts";
import { isRanked, type RankedSourceConfig } from "./config/negatives-config.ts";
import type { RunConfig } from "./config/run-config.ts";
import { studentLists, teacherLists, warmUsers } from "./evaluation/corpus-lists.ts";
import { openSafetensors } from "./formats/safetensors-read.ts";
import { writeSafetensors } from "./formats/safetensors-write.ts";
import type { RunFolder } from "./run-folder.ts";

/** Keeps the rankings that negatives are drawn from, so that a resumed run draws the same ones. */
export interface RankingStore {
  readonly save: (epoch: number, rankings: Rankings) => Promise<void>;
  /** Those that were saved for an epoch; undefined where there are none. */
  readonly load: (epoch: number) => Promise<Rankings | undefined>;
}

/** Sources of negatives that need a model's ranking. */
export function rankedSources({ negatives = [] }: RunConfig): readonly RankedSourceConfig[] {
  return negatives.filter(isRanked);
}

/** Each model's first items of every user with training rows, without the items of those rows. */
export async function rankCatalogue(program: Program, dataset: Dataset, config: RunConfig): Promise<Rankings> {
  const users = warmUsers(dataset, "train");
  const rankings: Partial<Record<RankedSourceConfig["by"], RankedLists>> = {};
  for (const by of new Set(rankedSources(config).map((source) => source.by))) {
    const deepest = rankedSources(config).map((source) => (source.by === by ? deepestRank(samplingOf(source)) : 0));
    const width = Math.min(Math.max(...deepest), dataset.items.size);
    const lists =
      by === "student"
        ? await studentLists(program, dataset, users, width)
        : teacherLists(program, dataset, users, width);
    rankings[by] = byUser(lists, users.numbers, dataset.users.size);
  }
  return rankings;
}

/** Lists of some users as lists of all: the others' are empty. */
function byUser({ width, items }: TopLists, users: Int32Array, numUsers: number): RankedLists {
  const all = sharedInt32(numUsers * width).fill(NO_ITEM);
  users.forEach((user, i) => {
    all.set(items.subarray(i * width, (i + 1) * width), user * width);
  });
  return { width, items: all };
}

/** Rankings whose files are kept: a run may go on from the checkpoint before the last. */
const KEPT = 2;

/** Rankings as files of a run folder. */
export function rankingFiles({ path, files }: RunFolder): RankingStore {
  const folder = join(path, "rankings");
  const fileOf = (epoch: number): string => join(folder, `epoch-${String(epoch).padStart(6, "0")}.safetensors`);
  return {
    save: async (epoch, rankings) => {
      await files.makeFolder(folder);
      const tensors = Object.entries(rankings).map(([by, { width, items }]) => {
        return [by, { dtype: "I32" as const, shape: [items.length / width, width], data: items }] as const;
      });
      await writeSafetensors(fileOf(epoch), Object.fromEntries(tensors), { files });
      const names = (await files.list(folder)).filter((name) => name.endsWith(".safetensors")).sort();
      for (const name of names.slice(0, -KEPT)) await files.remove(join(folder, name));
    },
    load: async (epoch) => {
      if (!(await files.exists(fileOf(epoch)))) return undefined;
      const file = await openSafetensors(fileOf(epoch), { files });
      try {
        const rankings: Partial<Record<string, RankedLists>> = {};
        for (const [by, { shape }] of file.tensors) {
          const items = sharedInt32(shape[0]! * shape[1]!);
          items.set((await file.read(by)) as Int32Array);
          rankings[by] = { width: shape[1]!, items };
        }
        return rankings as Rankings;
      } finally {
        await file.close();
      }
    },
  };
}
