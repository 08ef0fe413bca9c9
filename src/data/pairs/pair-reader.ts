import type { BatchData } from "../dataset.ts";
import { FIRST_VALUE_ID, OUT_OF_VOCABULARY_ID } from "../encoding.ts";
import {
  type CrossTable,
  type KeySource,
  type NumberTransform,
  type PairPlace,
  type PairTable,
  type PickTable,
  type RidgeTable,
  type SumTable,
  visitCombinations,
} from "./pair-table.ts";

/** The value of a pair feature: an id or a number. */
export type PairReader = (place: PairPlace) => number;

/** Reads a pair feature of a dataset. Statistics leave the row itself out where it is a training row. */
export function pairReader(
  data: Pick<BatchData, "columns" | "pairs" | "isTrainRow"> & {
    readonly items: Pick<BatchData["items"], "features">;
  },
  name: string,
): PairReader {
  const table = data.pairs.get(name)!;
  const source: KeySource = { columns: data.columns, itemFeatures: data.items.features };
  return tableReader(table, source, data.isTrainRow);
}

/** Reads from a table before it is part of a dataset. */
export function tableReader(table: PairTable, source: KeySource, isTrainRow: Uint8Array): PairReader {
  switch (table.kind) {
    case "cross":
      return crossReader(table, source);
    case "pick":
      return pickReader(table, source);
    case "sums":
      return sumReader(table, source, isTrainRow);
    case "ridge":
      return ridgeReader(table, source);
  }
}

function crossReader({ keys, hashRows }: CrossTable, source: KeySource): PairReader {
  return (place) => {
    let id = OUT_OF_VOCABULARY_ID;
    visitCombinations(keys, source, place, (combination) => {
      id = FIRST_VALUE_ID + (hashRows === undefined ? combination : scattered(combination) % hashRows);
    });
    return id;
  };
}

/** Spreads neighbouring combinations over the hash rows. */
function scattered(combination: number): number {
  let x = Math.imul((combination % 2 ** 32) ^ Math.floor(combination / 2 ** 32), 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 15), 0x85ebca6b);
  return (x ^ (x >>> 13)) >>> 0;
}

function pickReader({ keys, columns }: PickTable, source: KeySource): PairReader {
  return (place) => {
    let value = 0;
    visitCombinations(keys, source, place, (id) => {
      const column = columns[id];
      if (column !== undefined) value = source.columns.get(column)!.data[place.row]!;
    });
    return value;
  };
}

function sumReader(table: SumTable, source: KeySource, isTrainRow: Uint8Array): PairReader {
  const { keys, counts, sums, values, all, prior, transform } = table;
  return (place) => {
    const leaveOut = place.own && isTrainRow[place.row] === 1 ? 1 : 0;
    const ownValue = leaveOut === 1 && values !== undefined ? values[place.row]! : 0;
    const overall = (all.sum - ownValue) / Math.max(1, all.count - leaveOut);
    let total = 0;
    let found = 0;
    visitCombinations(keys, source, place, (combination) => {
      const count = counts[combination]! - leaveOut;
      found++;
      if (sums === undefined) total += count;
      else {
        const sum = sums[combination]! - ownValue;
        total += (sum + prior * overall) / (count + prior || 1);
      }
    });
    const raw = found > 0 ? total / found : sums === undefined ? 0 : overall;
    return transformed(raw, transform);
  };
}

/** x_j - h_j / (c P_jj + h_j^2) of user row x and item j (fit-ridge.ts): the user's own row of the item counts for nothing. */
function ridgeReader(table: RidgeTable, source: KeySource): PairReader {
  const { keys, inverse, oneMinusLeverage, offsets, items, values, transform } = table;
  const numItems = keys[1]!.vocabularySize;
  return (place) => {
    let score = 0;
    visitCombinations(keys, source, place, (combination) => {
      const [user, item] = [Math.floor(combination / numItems), combination % numItems];
      const start = item * numItems;
      let [own, height] = [0, 0];
      for (let at = offsets[user]!; at < offsets[user + 1]!; at++) {
        height += values[at]! * inverse[start + items[at]!]!;
        if (items[at] === item) own = values[at]!;
      }
      score = own - height / (oneMinusLeverage[user]! * inverse[start + item]! + height * height);
    });
    return transformed(score, transform);
  };
}

export function transformed(value: number, transform: NumberTransform): number {
  if (transform.kind === "log") return Math.log1p(value);
  return transform.kind === "standardise" ? (value - transform.mean) / transform.deviation : value;
}
