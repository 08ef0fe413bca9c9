// N = rows
import type { Numbers } from "./argument-checks.ts";
import { ascendingOrder } from "./stable-order.ts";

/**
 * Puts each row into one of `bins` bins of (as nearly as ties allow) equal mass, by value; equal values stay together,
 * so the result does not depend on the order of the rows. A bin may stay empty.
 *
 * @param values - [N] no NaN. @param weights - [N] mass of each row, >= 0. Default: 1 each.
 * @returns [N] bin of each row, 0 = lowest values.
 */
export function equalMassBins(values: Numbers, bins: number, weights?: Numbers): Int32Array {
  const order = ascendingOrder(values);
  let total = 0;
  for (const row of order) total += weights === undefined ? 1 : weights[row]!;
  const binOfRow = new Int32Array(values.length);
  let before = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let mass = 0;
    for (; end < order.length && values[order[end]!] === values[order[start]!]; end++) {
      mass += weights === undefined ? 1 : weights[order[end]!]!;
    }
    const middle = total > 0 ? (before + mass / 2) / total : 0;
    const bin = Math.min(bins - 1, Math.floor(middle * bins));
    for (; start < end; start++) binOfRow[order[start]!] = bin;
    before += mass;
  }
  return binOfRow;
}
