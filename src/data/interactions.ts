import { ConfigError } from "../errors.ts";
import { didYouMean } from "./config-messages.ts";
import type { BatchData, Dataset } from "./dataset.ts";
import { sharedInt32 } from "./shared-array.ts";
import type { PartName } from "./source-files.ts";

/** Items by user: those of user u are items[offsets[u]] to items[offsets[u + 1] - 1], rising, each once. */
export interface Interactions {
  /** [users + 1] */
  readonly offsets: Int32Array;
  /** [offsets[users]] numbers of items. */
  readonly items: Int32Array;
}

/**
 * The items that each user has rows with in a part; with `label`, rows where that label is 1.
 *
 * @throws {ConfigError} there is no such part or label.
 */
export function interactions(
  dataset: Pick<Dataset, "parts" | "labels" | "users" | "items">,
  part: PartName,
  { label }: { readonly label?: string } = {},
): Interactions {
  const rows = dataset.parts[part];
  if (rows === undefined) throw new ConfigError(`interactions: part must be one that the data have, got ${part}`);
  const values = label === undefined ? undefined : labelOf(dataset, label);
  const wanted = values === undefined ? rows : rows.filter((row) => values[row] === 1);
  return groupItems(dataset.users.rowEntity, dataset.items.rowEntity, {
    rows: wanted,
    numUsers: dataset.users.size,
  });
}

/** Items by user over the given rows, in shared memory. */
export function groupItems(
  userOf: Int32Array,
  itemOf: Int32Array,
  { rows, numUsers }: { readonly rows: Int32Array; readonly numUsers: number },
): Interactions {
  const starts = new Int32Array(numUsers + 1);
  for (const row of rows) starts[userOf[row]! + 1]! += 1;
  for (let user = 0; user < numUsers; user++) starts[user + 1]! += starts[user]!;
  const all = new Int32Array(rows.length);
  const next = starts.slice(0, numUsers);
  for (const row of rows) {
    const user = userOf[row]!;
    all[next[user]!] = itemOf[row]!;
    next[user]! += 1;
  }
  return distinctItems(starts, all);
}

/** True where `item` is among the user's items. */
export function hasItem({ offsets, items }: Interactions, user: number, item: number): boolean {
  let low = offsets[user]!;
  let high = offsets[user + 1]!;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (items[middle]! < item) low = middle + 1;
    else high = middle;
  }
  return low < offsets[user + 1]! && items[low] === item;
}

function labelOf({ labels }: Pick<BatchData, "labels">, label: string): Float32Array {
  const values = labels.get(label);
  if (values !== undefined) return values;
  const known = [...labels.keys()];
  const rule = `label must be one of ${known.join(", ")}`;
  throw new ConfigError(`interactions: ${rule}, got ${JSON.stringify(label)}${didYouMean(label, known)}`);
}

function distinctItems(starts: Int32Array, all: Int32Array): Interactions {
  const numUsers = starts.length - 1;
  const offsets = sharedInt32(numUsers + 1);
  let kept = 0;
  for (let user = 0; user < numUsers; user++) {
    const own = all.subarray(starts[user]!, starts[user + 1]!).sort();
    const first = kept;
    // Written over items that have been read already: kept never passes the reading position.
    for (const item of own) if (kept === first || all[kept - 1] !== item) all[kept++] = item;
    offsets[user + 1] = kept;
  }
  const items = sharedInt32(kept);
  items.set(all.subarray(0, kept));
  return { offsets, items };
}
