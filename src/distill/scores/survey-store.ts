import { SECTIONS, type SectionName } from "./manifest.ts";
import { readShards, type ScoreStore } from "./open-store.ts";
import type { ScoreColumns } from "./score-columns.ts";
import { textAt } from "./text-column.ts";

/** One section of a store as it was read. */
export interface SectionSurvey {
  readonly section: SectionName;
  readonly rows: number;
  readonly shards: number;
  readonly bytes: number;
  /** Pairs whose key (row and item; user and item where there are no rows) came before. */
  readonly duplicates: number;
  /** Some pairs, spread evenly: at most `sample`. */
  readonly sample: readonly SampledPair[];
}

/** A stored pair, to be scored again. */
export interface SampledPair {
  readonly row: number | undefined;
  readonly user: string | undefined;
  readonly item: string | undefined;
  readonly scores: Readonly<Record<string, number>>;
}

/**
 * Reads a whole store: every checksum, every key.
 *
 * Memory: 8 bytes a pair of the largest section, and the ids once.
 *
 * @throws {DataError} a shard is not what was written.
 */
export async function* surveyStore(
  store: ScoreStore,
  { sample }: { readonly sample: number },
): AsyncGenerator<SectionSurvey> {
  for (const section of SECTIONS) {
    const content = store.manifest.content[section];
    if (content === undefined) continue;
    const keys = new Float64Array(content.rows);
    const every = Math.max(1, Math.ceil(content.rows / Math.max(1, sample)));
    const number = keyNumbers();
    const taken: SampledPair[] = [];
    let at = 0;
    for await (const { columns } of readShards(store, section)) {
      for (let i = 0; i < columns.rows; i++, at++) {
        keys[at] = number(columns, i);
        if (sample > 0 && at % every === every >> 1) taken.push(pairAt(columns, i));
      }
    }
    yield {
      section,
      rows: content.rows,
      shards: content.shards.length,
      bytes: content.shards.reduce((sum, { bytes }) => sum + bytes, 0),
      duplicates: countRepeats(keys),
      sample: taken,
    };
  }
}

/** Largest number of distinct ids of one kind that keys can tell apart: their product must stay exact. */
const IDS = 2 ** 26;

/** A number for each key: equal for equal keys alone. */
function keyNumbers(): (columns: ScoreColumns, i: number) => number {
  const owners = new Map<string | number, number>();
  const items = new Map<string, number>();
  const intern = <K>(known: Map<K, number>, id: K): number => {
    const found = known.get(id) ?? known.size;
    if (found === known.size) known.set(id, found);
    return found;
  };
  return ({ row, request, user, item }, i) => {
    const owner = row?.[i] ?? `${request ? textAt(request, i) : ""} ${user ? textAt(user, i) : ""}`;
    const what = item === undefined ? 0 : intern(items, textAt(item, i));
    return (typeof owner === "number" && owner < IDS ? owner : IDS + intern(owners, owner)) * IDS + what;
  };
}

function countRepeats(keys: Float64Array): number {
  keys.sort();
  let repeats = 0;
  for (let i = 1; i < keys.length; i++) if (keys[i] === keys[i - 1]) repeats++;
  return repeats;
}

function pairAt({ row, user, item, scores }: ScoreColumns, i: number): SampledPair {
  return {
    row: row?.[i],
    user: user && textAt(user, i),
    item: item && textAt(item, i),
    scores: Object.fromEntries(Object.entries(scores).map(([head, values]) => [head, values[i]!])),
  };
}
