import * as tf from "@tensorflow/tfjs";
import type { Dataset } from "../../data/dataset.ts";
import { groupItems, type Interactions } from "../../data/interactions.ts";
import type { Program } from "../../engine/program.ts";
import type { ItemSets, TopLists } from "../../eval/index.ts";
import { topItems } from "../../eval/top-items.ts";
import { collectVectors, entityBatches, rowBatches, SCORE_ROWS } from "./batches.ts";
import { bestUnseen } from "./best-unseen.ts";
import type { EvaluatedPart } from "./measurement.ts";
import { teacherScoreBlocks } from "./teacher-scores.ts";

/** Users that lists are made for. */
export interface WarmUsers {
  /** User numbers, rising. */
  readonly numbers: Int32Array;
  /** Each one's first row in the part: its features at that time. */
  readonly rows: Int32Array;
  /** Items that each one has in rows before the part (training, history; for test, validation too): no list may hold them. */
  readonly seen: ItemSets;
}

/** Users with rows in the part and in training or history. */
export function warmUsers(dataset: Dataset, part: EvaluatedPart | "train"): WarmUsers {
  const firstRow = new Map<number, number>();
  for (const row of dataset.parts[part]!) {
    const user = dataset.users.rowEntity[row]!;
    if (isKnown(dataset, user) && !firstRow.has(user)) firstRow.set(user, row);
  }
  const numbers = Int32Array.from(firstRow.keys()).sort();
  return {
    numbers,
    rows: numbers.map((user) => firstRow.get(user)!),
    seen: setsOf(knownBefore(dataset, part), numbers),
  };
}

function knownBefore(dataset: Dataset, part: EvaluatedPart | "train"): Interactions {
  const { train, history, validation } = dataset.parts;
  if (part !== "test" || validation === undefined) return dataset.trainItems;
  const rows = Int32Array.from([...train!, ...(history ?? []), ...validation]);
  return groupItems(dataset.users.rowEntity, dataset.items.rowEntity, { rows, numUsers: dataset.users.size });
}

function isKnown({ trainItems: { offsets } }: Dataset, user: number): boolean {
  return offsets[user + 1]! > offsets[user]!;
}

/** The sets of some users, in their order. */
export function setsOf({ offsets, items }: Interactions, users: Int32Array): ItemSets {
  const starts = new Int32Array(users.length + 1);
  for (const [i, user] of users.entries()) starts[i + 1] = starts[i]! + offsets[user + 1]! - offsets[user]!;
  const all = new Int32Array(starts.at(-1)!);
  for (const [i, user] of users.entries()) all.set(items.subarray(offsets[user]!, offsets[user + 1]!), starts[i]!);
  return { offsets: starts, items: all };
}

/** The k best items of each user by the vectors of entries `users` and `items`, exactly; none of the seen ones. */
export async function studentLists(
  program: Program,
  dataset: Dataset,
  { rows, seen }: Pick<WarmUsers, "rows"> & { readonly seen?: ItemSets | undefined },
  k: number,
): Promise<TopLists> {
  const items = collectVectors(program, "items", entityBatches(dataset, "item"));
  const users = collectVectors(program, "users", rowBatches(dataset, rows, SCORE_ROWS));
  const tensors = [users, items].map(({ data, shape }) => tf.tensor2d(data as Float32Array, shape as [number, number]));
  try {
    return await topItems(tensors[0]!, tensors[1]!, { k, ...(seen && { seen }) });
  } finally {
    tf.dispose(tensors);
  }
}

/** The teacher's k best unseen items of each user by pCTCVR: every user with every item, in the context of the user's row. */
export function teacherLists(program: Program, dataset: Dataset, { rows, seen }: WarmUsers, k: number): TopLists {
  const corpus = dataset.items.size;
  const blocks = teacherScoreBlocks(program, dataset, { rows, length: corpus, itemAt: (_user, place) => place });
  let block = { start: 0, count: 0, scores: new Float32Array(0) };
  return bestUnseen(rows.length, corpus, seen, k, (user, target) => {
    if (user >= block.start + block.count) block = blocks.next().value as typeof block;
    target.set(block.scores.subarray((user - block.start) * corpus, (user - block.start + 1) * corpus));
  });
}
