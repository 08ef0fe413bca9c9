import { DataError } from "../errors.ts";
import { ascendingOrder } from "./stable-order.ts";

/**
 * Holm's step-down correction of many p-values: compare the results with the level as if there were one test.
 *
 * @param pValues - [0, 1]; null (no test) is left out and stays null.
 * @returns adjusted p-values in the given order, each >= its own and <= 1.
 * @throws {DataError} a p-value outside [0, 1].
 * Source: Holm (1979), "A simple sequentially rejective multiple test procedure", section 3.
 */
export function holmAdjusted(pValues: readonly (number | null)[]): (number | null)[] {
  const bad = pValues.findIndex((p) => p !== null && !(p >= 0 && p <= 1));
  if (bad >= 0) throw new DataError(`holmAdjusted: pValues must be in [0, 1] or null, got ${pValues[bad]} at ${bad}`);
  const tested = [...pValues.keys()].filter((index) => pValues[index] !== null);
  const order = ascendingOrder(tested.map((index) => pValues[index]!));
  const adjusted: (number | null)[] = pValues.map(() => null);
  let largest = 0;
  for (const [rank, place] of order.entries()) {
    const index = tested[place]!;
    largest = Math.max(largest, Math.min(1, (tested.length - rank) * pValues[index]!));
    adjusted[index] = largest;
  }
  return adjusted;
}
