// Float64 building blocks, written from their definitions.

export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const sum = (xs: readonly number[]): number => xs.reduce((total, x) => total + x, 0);
export const mean = (xs: readonly number[]): number => sum(xs) / xs.length;

export function logSumExp(xs: readonly number[]): number {
  const highest = Math.max(...xs);
  return highest + Math.log(sum(xs.map((x) => Math.exp(x - highest))));
}

export function logSoftmax(xs: readonly number[]): number[] {
  const total = logSumExp(xs);
  return xs.map((x) => x - total);
}

export const softmax = (xs: readonly number[]): number[] => logSoftmax(xs).map(Math.exp);

/** Positions of a list, best score first, ties in the order of the list. */
export function descending(scores: readonly number[]): number[] {
  return scores.map((_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

/** Rank of each item, 1 is the best. */
export function ranks(scores: readonly number[]): number[] {
  const result = new Array<number>(scores.length);
  descending(scores).forEach((item, place) => {
    result[item] = place + 1;
  });
  return result;
}

/** True where no two items differ: nothing to learn from. */
export const isTied = (scores: readonly number[]): boolean => new Set(scores).size < 2;

/** Value and gradients of one list or one row. */
export interface Graded {
  readonly value: number;
  readonly student: readonly number[];
  /** Where the teacher may move. */
  readonly teacher?: readonly number[];
}

/** A list without a comparable pair. */
export const nothing = (length: number): Graded => ({
  value: 0,
  student: new Array<number>(length).fill(0),
  teacher: new Array<number>(length).fill(0),
});
