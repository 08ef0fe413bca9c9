// NeuralSort, SoftSort and the losses over them, for one list.
import { descending, isTied, mean, ranks as ranksOf, softmax, sum } from "./log-space.ts";

type Numbers = readonly number[];
type Matrix = readonly Numbers[];

export interface SortOptions {
  readonly temperature?: number;
  readonly relativeTo?: "list" | "absolute";
  readonly sort?: "neural-sort" | "soft-sort";
}

const deviation = (s: Numbers): number => Math.sqrt(mean(s.map((x) => (x - mean(s)) ** 2)));

/** The temperature of a list, which is a constant to every derivative. */
export function temperatureOf(
  s: Numbers,
  { temperature = 1, relativeTo = "list", sort = "neural-sort" }: SortOptions,
): number {
  if (relativeTo === "absolute") return temperature;
  return temperature * Math.max(deviation(s), 1e-6) * (sort === "neural-sort" ? s.length : 1);
}

export function softPermutation(s: Numbers, options: SortOptions = {}, tau = temperatureOf(s, options)): Matrix {
  const n = s.length;
  if (options.sort === "soft-sort") {
    const sorted = descending(s).map((item) => s[item]!);
    return sorted.map((best) => softmax(s.map((x) => -Math.abs(best - x) / tau)));
  }
  const far = s.map((x) => sum(s.map((y) => Math.abs(x - y))));
  return s.map((_, i) => softmax(s.map((x, j) => ((n + 1 - 2 * (i + 1)) * x - far[j]!) / tau)));
}

export function hardPermutation(t: Numbers): Matrix {
  return descending(t).map((item) => t.map((_, j) => (j === item ? 1 : 0)));
}

const EPSILON = 1e-6;

export interface RecallOptions extends SortOptions {
  readonly selected: number;
  readonly relevant: number;
}

/** Values as functions of the permutation, so that a caller can hold the temperature (and column sums) constant. */
export function relaxedRecall(p: Matrix, t: Numbers, { selected, relevant }: RecallOptions): number {
  if (isTied(t) || t.length <= selected) return 0;
  const best = ranksOf(t).map((rank) => rank <= relevant);
  return mean(
    t.map((_, j) => (best[j] ? -Math.log(sum(p.slice(0, selected).map((row) => row[j]!)) / selected + EPSILON) : 0)),
  );
}

export function globalOrder(p: Matrix, t: Numbers): number {
  if (isTied(t)) return 0;
  const y = hardPermutation(t);
  return mean(p.map((row, i) => mean(row.map((x, j) => -Math.log(x + EPSILON) * y[i]![j]!))));
}

export function adaptiveRanking(p: Matrix, t: Numbers, options: RecallOptions, alpha: number): number {
  if (isTied(t)) return 0;
  return relaxedRecall(p, t, options) + globalOrder(p, t) / (2 * alpha ** 2) + Math.log(Math.abs(alpha));
}

export function stageRecall(p: Matrix, t: Numbers, { selected, relevant }: RecallOptions, columnSums: Numbers): number {
  if (isTied(t) || t.length <= selected) return 0;
  const best = ranksOf(t).map((rank) => rank <= relevant);
  return mean(
    t.map((_, j) => {
      const rows = best[j] ? p.slice(0, selected) : p.slice(selected);
      return -Math.log(sum(rows.map((row) => row[j]!)) / (columnSums[j]! + EPSILON) + EPSILON);
    }),
  );
}

export const columnSums = (p: Matrix): number[] => p.map((_, j) => sum(p.map((row) => row[j]!)));
