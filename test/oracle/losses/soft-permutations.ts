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

export interface SurvivalOptions extends SortOptions {
  readonly selected: Numbers;
  readonly relevant: number;
}

/** @param ps - the permutation of each stage. @param sums - the sums of its columns, held constant. */
export function cascadeSurvival(
  ps: readonly Matrix[],
  t: Numbers,
  { selected, relevant }: SurvivalOptions,
  sums: readonly Numbers[],
): number {
  if (isTied(t) || t.length <= Math.min(...selected)) return 0;
  const best = ranksOf(t).map((rank) => rank <= relevant);
  const share = (l: number, j: number, rows: Matrix): number =>
    sum(rows.map((row) => row[j]!)) / (sums[l]![j]! + EPSILON);
  return mean(
    t.map((_, j) => {
      if (best[j]) {
        const survives = ps.reduce((all, p, l) => all * share(l, j, p.slice(0, selected[l])), 1);
        return -Math.log(survives + EPSILON);
      }
      const kept = ps.reduce((all, p, l) => all * (1 - share(l, j, p.slice(selected[l]))), 1);
      return -Math.log(1 - kept + EPSILON);
    }),
  );
}

/** @param balances - a number for each stage. */
export function cascadeRanking(
  ps: readonly Matrix[],
  t: Numbers,
  options: SurvivalOptions,
  { sums, balances }: { readonly sums: readonly Numbers[]; readonly balances: Numbers },
): number {
  if (isTied(t)) return 0;
  const stages = ps.map((p, l) => {
    const own = stageRecall(p, t, { ...options, selected: options.selected[l]! }, sums[l]!);
    return own / (2 * balances[l]! ** 2) + Math.log(balances[l]!);
  });
  return cascadeSurvival(ps, t, options, sums) + sum(stages);
}

export const columnSums = (p: Matrix): number[] => p.map((_, j) => sum(p.map((row) => row[j]!)));
