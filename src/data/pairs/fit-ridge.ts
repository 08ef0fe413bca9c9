import { ConfigError } from "../../errors.ts";
import { sharedFloat32, sharedInt32, toSharedFloat32 } from "../shared-array.ts";
import type { PairSource } from "./fit-pairs.ts";
import { invertPositiveDefinite } from "./invert-positive-definite.ts";
import { type KeyFeature, type RidgeTable, visitCombinations } from "./pair-table.ts";

/** Items that a regression may have: its time grows with their third power, and its memory with their second. */
const MOST_ITEMS = 4096;

/** Values of the training rows by user id; several rows of a pair count by their mean. */
type Rows = Pick<RidgeTable, "offsets" | "items" | "values">;

/**
 * The regression of each item on a user's other items, for each user without that user's rows:
 *
 *     W = I - P diag(1 / diag P), which minimises ||X - X W||^2 + penalty ||W||^2 with a diagonal of 0,
 *     P = (X'X + penalty I)^-1.
 *
 * One inverse serves all users. Without a user's row x it would be P + h h' / c, h = P x, c = 1 - x'h, so that the score
 * of item j is x_j - h_j / (c P_jj + h_j^2), where c is the user's `oneMinusLeverage`.
 *
 * @throws {ConfigError} the keys are not one user and one item feature of one value each, there are too many items, or the
 * penalty is too small for the sums to be told from rounding.
 *
 * Source: Steck, Embarrassingly Shallow Autoencoders for Sparse Data (WWW 2019), arXiv:1905.03375, section 3.1, eq. 8;
 * the row that is left out by Sherman and Morrison (1950).
 */
export function fitRidge(
  where: string,
  keys: readonly KeyFeature[],
  of: Float64Array,
  penalty: number,
  source: PairSource,
): RidgeTable {
  checkKeys(where, keys);
  const numItems = keys[1]!.vocabularySize;
  const rows = rowsByUser(keys, of, source);
  const matrix = gram(rows, numItems);
  for (let i = 0; i < numItems; i++) matrix[i * numItems + i]! += penalty;
  invertPositiveDefinite(matrix, numItems);
  const oneMinusLeverage = leaveOutFactors(rows, matrix, numItems);
  if (!oneMinusLeverage.every((value) => value > 0)) {
    const rule = "must be large enough for a regression without each user's own rows";
    throw new ConfigError(`${where}.penalty: ${rule}, got ${penalty}; the default is 300`);
  }
  return {
    kind: "ridge",
    keys,
    inverse: toSharedFloat32(matrix),
    oneMinusLeverage,
    ...rows,
    transform: { kind: "none" },
  };
}

function checkKeys(where: string, keys: readonly KeyFeature[]): void {
  const found = keys.map(({ name, role, width }) => `${name} (${role}${width > 1 ? ", several values" : ""})`);
  if (keys[0]!.role !== "user" || keys[1]!.role !== "item" || keys.some(({ width }) => width > 1)) {
    const rule = "by must name a user feature and an item feature of one value each, in this order";
    throw new ConfigError(`${where}: ${rule}, got ${found.join(" and ")}`);
  }
  const { name, vocabularySize } = keys[1]!;
  if (vocabularySize <= MOST_ITEMS) return;
  const rule = `the item's key must have at most ${MOST_ITEMS} values`;
  throw new ConfigError(
    `${where}: ${rule}, got ${vocabularySize} of ${name}; give the column a vocabulary with a minCount, or take a coarser feature`,
  );
}

function rowsByUser(keys: readonly KeyFeature[], of: Float64Array, source: PairSource): Rows {
  const numItems = keys[1]!.vocabularySize;
  const pairs = new Map<number, { sum: number; count: number }>();
  for (const row of source.trainRows) {
    visitCombinations(keys, source, { row, item: source.itemOf[row]!, own: true }, (combination) => {
      const { sum, count } = pairs.get(combination) ?? { sum: 0, count: 0 };
      pairs.set(combination, { sum: sum + of[row]!, count: count + 1 });
    });
  }
  const offsets = sharedInt32(keys[0]!.vocabularySize + 1);
  const items = sharedInt32(pairs.size);
  const values = sharedFloat32(pairs.size);
  const combinations = Float64Array.from(pairs.keys()).sort();
  for (const [at, combination] of combinations.entries()) {
    const { sum, count } = pairs.get(combination)!;
    offsets[Math.floor(combination / numItems) + 1]! += 1;
    items[at] = combination % numItems;
    values[at] = sum / count;
  }
  for (let user = 0; user < keys[0]!.vocabularySize; user++) offsets[user + 1]! += offsets[user]!;
  return { offsets, items, values };
}

/** X'X over the users. */
function gram({ offsets, items, values }: Rows, numItems: number): Float64Array {
  const out = new Float64Array(numItems ** 2);
  for (let user = 0; user < offsets.length - 1; user++) {
    for (let i = offsets[user]!; i < offsets[user + 1]!; i++) {
      const start = items[i]! * numItems;
      for (let j = offsets[user]!; j < offsets[user + 1]!; j++) out[start + items[j]!]! += values[i]! * values[j]!;
    }
  }
  return out;
}

/** [users] 1 - x'Px of each user's row x: in (0, 1], and 1 for a user without rows. */
function leaveOutFactors({ offsets, items, values }: Rows, inverse: Float64Array, numItems: number): Float32Array {
  const out = sharedFloat32(offsets.length - 1);
  for (let user = 0; user < out.length; user++) {
    let leverage = 0;
    for (let i = offsets[user]!; i < offsets[user + 1]!; i++) {
      const start = items[i]! * numItems;
      for (let j = offsets[user]!; j < offsets[user + 1]!; j++)
        leverage += values[i]! * values[j]! * inverse[start + items[j]!]!;
    }
    out[user] = 1 - leverage;
  }
  return out;
}
