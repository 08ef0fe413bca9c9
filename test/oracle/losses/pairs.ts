// Losses over the pairs of one list.
import { type Graded, nothing, ranks as ranksOf, sigmoid, softplus } from "./log-space.ts";

type Numbers = readonly number[];

export interface PairOptions {
  readonly minTeacherGap?: number;
  readonly minRankDistance?: number;
  readonly top?: number;
  readonly tail?: number;
  readonly hardestFraction?: number;
  readonly reduction?: "mean" | "sum";
}

/** Value of a pair, and its derivative by the student's and the teacher's gap. */
export type PairTerm = (
  gap: number,
  teacherGap: number,
) => { readonly value: number; readonly slope: number; readonly teacherSlope?: number };

export const pairTerms = {
  hinge:
    (margin: number): PairTerm =>
    (gap) => ({ value: Math.max(0, margin - gap), slope: gap < margin ? -1 : 0 }),
  teacherHinge: (): PairTerm => (gap, teacherGap) => {
    const short = gap < teacherGap ? 1 : 0;
    return { value: Math.max(0, teacherGap - gap), slope: -short, teacherSlope: short };
  },
  order:
    (margin = 0, sharpness = 1): PairTerm =>
    (gap) => {
      const z = sharpness * (gap - margin);
      return { value: softplus(-z), slope: -sharpness * sigmoid(-z) };
    },
  weighted: (): PairTerm => (gap, teacherGap) => {
    const w = sigmoid(teacherGap);
    return { value: w * softplus(-gap), slope: -w * sigmoid(-gap), teacherSlope: w * (1 - w) * softplus(-gap) };
  },
  probability:
    (sharpness = 1): PairTerm =>
    (gap, teacherGap) => {
      const [p, z] = [sigmoid(teacherGap), sharpness * gap];
      return {
        value: p * softplus(-z) + (1 - p) * softplus(z),
        slope: sharpness * (sigmoid(z) - p),
        teacherSlope: p * (1 - p) * (softplus(-z) - softplus(z)),
      };
    },
};

export function pairLoss(s: Numbers, t: Numbers, term: PairTerm, options: PairOptions = {}): Graded {
  const {
    minTeacherGap = 0,
    minRankDistance = 1,
    top = s.length,
    tail = s.length,
    hardestFraction = 1,
    reduction = "mean",
  } = options;
  const ranks = ranksOf(t);
  const pairs = s.flatMap((_, i) =>
    s.flatMap((_, j) => {
      const wanted =
        t[i]! > t[j]! &&
        t[i]! - t[j]! >= minTeacherGap &&
        ranks[j]! - ranks[i]! >= minRankDistance &&
        ranks[i]! <= top &&
        ranks[j]! > s.length - tail;
      return wanted ? [{ i, j, ...term(s[i]! - s[j]!, t[i]! - t[j]!) }] : [];
    }),
  );
  if (pairs.length === 0) return nothing(s.length);
  const sorted = pairs.map(({ value }) => value).sort((a, b) => b - a);
  const threshold = sorted[Math.ceil(hardestFraction * pairs.length - 1e-4) - 1]!;
  const kept = pairs.filter(({ value }) => value >= threshold);
  const share = reduction === "mean" ? 1 / kept.length : 1;
  const student = new Array<number>(s.length).fill(0);
  const teacher = new Array<number>(s.length).fill(0);
  let value = 0;
  for (const pair of kept) {
    value += share * pair.value;
    student[pair.i]! += share * pair.slope;
    student[pair.j]! -= share * pair.slope;
    teacher[pair.i]! += share * (pair.teacherSlope ?? 0);
    teacher[pair.j]! -= share * (pair.teacherSlope ?? 0);
  }
  return { value, student, teacher };
}
