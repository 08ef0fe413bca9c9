// Losses of one row of a batch's score matrix: value and dL/dz of the row. `negatives` lists columns.
import { logSumExp, sigmoid, softplus, sum } from "./log-space.ts";

type Numbers = readonly number[];

export interface RowLoss {
  readonly value: number;
  readonly gradient: readonly number[];
}

const flat = (length: number): number[] => new Array<number>(length).fill(0);

/** -log softmax of `own` among itself and the negatives, of the corrected logits. */
export function rowSoftmax(z: Numbers, own: number, negatives: Numbers, shift: Numbers = flat(z.length)): RowLoss {
  const columns = [own, ...negatives];
  const corrected = z.map((x, j) => x - shift[j]!);
  const total = logSumExp(columns.map((j) => corrected[j]!));
  const gradient = flat(z.length);
  for (const j of columns) gradient[j] = Math.exp(corrected[j]! - total) - (j === own ? 1 : 0);
  return { value: total - corrected[own]!, gradient };
}

/** What each correction takes off the logits. */
export function shiftOf(
  correction: "none" | "classic" | "partial" | "negatives-only",
  logQ: Numbers,
  own: number,
  share = 0.1,
): number[] {
  return logQ.map((log, j) => {
    if (correction === "none" || (correction === "negatives-only" && j === own)) return 0;
    return correction === "partial" ? share * log : log;
  });
}

/** arXiv:2507.09331. The weight 1 - P is a constant: `weight` overrides it, to difference with it held. */
export function refinedRow(
  z: Numbers,
  own: number,
  negatives: Numbers,
  logQ: Numbers,
  weight?: number,
): RowLoss & { readonly weight: number } {
  if (negatives.length === 0) return { value: 0, gradient: flat(z.length), weight: 0 };
  const rest = 1 - Math.exp(logQ[own]!);
  const corrected = z.map((x, j) => x - Math.log(Math.exp(logQ[j]!) / rest));
  const total = logSumExp(negatives.map((j) => corrected[j]!));
  const unsure = weight ?? 1 - 1 / (1 + Math.exp(total - Math.log(negatives.length) - z[own]!));
  const gradient = flat(z.length);
  gradient[own] = -unsure;
  for (const j of negatives) gradient[j] = unsure * Math.exp(corrected[j]! - total);
  return { value: -unsure * (z[own]! - total), gradient, weight: unsure };
}

/** The highest-scoring negatives. */
export function hardest(z: Numbers, negatives: Numbers, count: number): number[] {
  return [...negatives].sort((a, b) => z[b]! - z[a]!).slice(0, count);
}

/** Sum over the negatives of a function of the gap z_own - z_j. */
export function rowPairs(
  z: Numbers,
  own: number,
  negatives: Numbers,
  term: (gap: number) => readonly [value: number, slope: number],
): RowLoss {
  const gradient = flat(z.length);
  const values = negatives.map((j) => {
    const [value, slope] = term(z[own]! - z[j]!);
    gradient[own]! += slope;
    gradient[j]! -= slope;
    return value;
  });
  return { value: sum(values), gradient };
}

export const hingeTerm = (margin: number) => (gap: number) =>
  [Math.max(0, margin - gap), gap < margin ? -1 : 0] as const;
export const logisticTerm = (sharpness: number) => (gap: number) =>
  [softplus(-sharpness * gap), -sharpness * sigmoid(-sharpness * gap)] as const;
