import { ShapeError } from "../errors.ts";
import { type Numbers, stretch } from "./argument-checks.ts";

/** A metric computed for each list (user, request), and its mean over the lists for which it is defined. */
export interface PerList {
  /** Mean of `values`; null where no list defines the metric. */
  readonly mean: number | null;
  /** [V] the metric of each list that defines it, in list order. */
  readonly values: Float64Array;
  /** [V] which list each value belongs to. */
  readonly lists: Int32Array;
  /** How many lists do not define it (one class, no pair, empty ...). */
  readonly undefinedLists: number;
}

/** Computes `metric` for lists 0 .. count-1 and keeps those that are defined. */
export function overLists(count: number, metric: (list: number) => number | null): PerList {
  const values = new Float64Array(count);
  const lists = new Int32Array(count);
  let defined = 0;
  for (let list = 0; list < count; list++) {
    const value = metric(list);
    if (value === null) continue;
    values[defined] = value;
    lists[defined++] = list;
  }
  const kept = values.slice(0, defined);
  return { mean: mean(kept), values: kept, lists: lists.slice(0, defined), undefinedLists: count - defined };
}

/**
 * A metric of two arrays (student and teacher, scores and grades), taken list by list.
 *
 * @param offsets - [L + 1] list l is the rows offsets[l] .. offsets[l+1]-1 of both arrays.
 * @throws {ShapeError} offsets do not start at 0, rise, and end at the arrays' length.
 */
export function pairOverLists(
  metric: (a: Numbers, b: Numbers) => number | null,
  a: Numbers,
  b: Numbers,
  offsets: Int32Array,
): PerList {
  assertOffsets("pairOverLists", offsets, a.length);
  assertOffsets("pairOverLists", offsets, b.length);
  return overLists(offsets.length - 1, (list) => {
    const [from, to] = [offsets[list]!, offsets[list + 1]!];
    return metric(stretch(a, from, to), stretch(b, from, to));
  });
}

/** Refuses offsets that do not cover `length` entries in rising order. @throws {ShapeError} */
export function assertOffsets(where: string, offsets: Int32Array, length: number): void {
  const covers = offsets.length > 0 && offsets[0] === 0 && offsets.at(-1) === length;
  if (covers && offsets.every((offset, i) => i === 0 || offset >= offsets[i - 1]!)) return;
  const ends = offsets.length === 0 ? "none" : `${offsets[0]} .. ${offsets.at(-1)}`;
  throw new ShapeError(`${where}: offsets must rise from 0 to the ${length} entries they cover, got ${ends}`);
}

/** Arithmetic mean; null of nothing. */
export function mean(values: Numbers): number | null {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length > 0 ? sum / values.length : null;
}
