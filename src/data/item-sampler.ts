import type { RandomStream } from "../random.ts";
import type { EntityTable } from "./dataset.ts";

/** A distribution over items that can be drawn from in constant time. */
export interface ItemSampler {
  /** [items] unnormalised probability. */
  readonly weights: Float64Array;
  /** [items] natural logarithm of each item's probability; as if it had one training row where it has none. */
  readonly logQ: Float32Array;
  draw(stream: RandomStream): number;
}

/** All items alike. */
export function uniformSampler(items: EntityTable): ItemSampler {
  return {
    weights: new Float64Array(items.size).fill(1),
    logQ: new Float32Array(items.size).fill(-Math.log(items.size)),
    draw: (stream) => stream.integer(items.size),
  };
}

/**
 * Items by training rows to the power `power`. Items without training rows are never drawn (but for power 0).
 *
 * Source: alias method of Walker (1977) with the tables of Vose (1991), doi:10.1109/32.92917.
 */
export function frequencySampler(items: EntityTable, power: number): ItemSampler {
  const weights = new Float64Array(items.size);
  let total = 0;
  for (let item = 0; item < items.size; item++) {
    weights[item] = items.trainCount[item]! ** power;
    total += weights[item]!;
  }
  const logQ = new Float32Array(items.size);
  for (let item = 0; total > 0 && item < items.size; item++) {
    logQ[item] = Math.log(Math.max(items.trainCount[item]!, 1) ** power / total);
  }
  const { threshold, alias } = aliasTable(weights, total);
  return {
    weights,
    logQ,
    draw(stream) {
      const column = stream.integer(items.size);
      return stream.uniform() < threshold[column]! ? column : alias[column]!;
    },
  };
}

/** Column i keeps i with probability threshold[i] and gives alias[i] otherwise; every column is equally likely. */
function aliasTable(weights: Float64Array, total: number): { threshold: Float64Array; alias: Int32Array } {
  const numItems = weights.length;
  const threshold = weights.map((weight) => (weight * numItems) / total);
  const alias = new Int32Array(numItems);
  const small: number[] = [];
  const large: number[] = [];
  for (let item = 0; item < numItems; item++) (threshold[item]! < 1 ? small : large).push(item);
  while (small.length > 0 && large.length > 0) {
    const over = large.at(-1)!;
    const under = small.pop()!;
    alias[under] = over;
    threshold[over]! -= 1 - threshold[under]!;
    if (threshold[over]! < 1) small.push(large.pop()!);
  }
  // What is left has a threshold of 1 but for rounding: the thresholds that are left add up to their number.
  for (const item of [...small, ...large]) threshold[item] = 1;
  return { threshold, alias };
}
