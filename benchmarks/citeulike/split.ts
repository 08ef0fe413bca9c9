// The leave-one-out split of the DE-RRD paper (Kang et al., CIKM 2020): users, their items, one item each to validate and to test.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ItemSets } from "../../src/eval/index.ts";
import { randomStream } from "../../src/random.ts";

/** Negatives that a held-out item is ranked among. */
export const NEGATIVES = 499;

export interface Split {
  readonly users: number;
  readonly items: number;
  readonly train: ItemSets;
  /** [users] held-out items; -1 where a user has none. */
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

export function readSplit(folder: string): Split {
  const rows = (name: string): (readonly [number, readonly number[]])[] =>
    readFileSync(join(folder, name), "utf8")
      .trim()
      .split("\n")
      .map((line) => {
        const [user, items = ""] = line.split("\t");
        return [Number(user), items.split(" ").filter(Boolean).map(Number)];
      });
  const parts = ["train.tsv", "valid.tsv", "test.tsv"].map(rows);
  const all = parts.flat();
  const users = Math.max(...all.map(([user]) => user)) + 1;
  const items = all.reduce((top, [, own]) => own.reduce((a, b) => Math.max(a, b), top), 0) + 1;
  const train = Array.from({ length: users }, (): readonly number[] => []);
  for (const [user, own] of parts[0]!) train[user] = [...own].sort((a, b) => a - b);
  const heldOut = (part: number): Int32Array => {
    const out = new Int32Array(users).fill(-1);
    for (const [user, [item]] of parts[part]!) out[user] = item!;
    return out;
  };
  const offsets = new Int32Array(users + 1);
  for (const [user, own] of train.entries()) offsets[user + 1] = offsets[user]! + own.length;
  return {
    users,
    items,
    train: { offsets, items: Int32Array.from(train.flat()) },
    validation: heldOut(1),
    test: heldOut(2),
  };
}

/** Items of a user in training. */
export function trainItems({ train }: Split, user: number): Int32Array {
  return train.items.subarray(train.offsets[user]!, train.offsets[user + 1]!);
}

/** [users, 1 + NEGATIVES] each user's held-out item, then items that stand in none of the user's three parts, each once. */
export function candidates(split: Split, part: "validation" | "test", seed: number): Int32Array {
  const width = NEGATIVES + 1;
  const out = new Int32Array(split.users * width);
  for (let user = 0; user < split.users; user++) {
    const stream = randomStream(seed, "candidates", part, user);
    const taken = new Set([...trainItems(split, user), split.validation[user]!, split.test[user]!]);
    out[user * width] = split[part][user]!;
    for (let place = 1; place < width; ) {
      const item = stream.integer(split.items);
      if (taken.has(item)) continue;
      taken.add(item);
      out[user * width + place++] = item;
    }
  }
  return out;
}
