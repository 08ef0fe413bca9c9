// Losses that compare distributions over one list.
import {
  type Graded,
  isTied,
  logSoftmax,
  logSumExp,
  mean,
  nothing,
  sigmoid,
  softmax,
  softplus,
  sum,
} from "./log-space.ts";

type Direction = "teacher-first" | "student-first" | "jensen-shannon";
type Numbers = readonly number[];

/** sum p log(p / q), from logs. */
const klOf = (logP: Numbers, logQ: Numbers): number => sum(logP.map((l, i) => Math.exp(l) * (l - logQ[i]!)));

export function listKl(
  s: Numbers,
  t: Numbers,
  temperature = 1,
  scaled = true,
  direction: Direction = "teacher-first",
): Graded {
  if (isTied(t)) return nothing(s.length);
  const logQ = logSoftmax(s.map((x) => x / temperature));
  const logP = logSoftmax(t.map((x) => x / temperature));
  const factor = scaled ? temperature ** 2 : 1;
  const slope = factor / temperature;
  /** d KL(first || second) by the logits of each. */
  const byFirst = (a: Numbers, b: Numbers): number[] => {
    const kl = klOf(a, b);
    return a.map((l, i) => Math.exp(l) * (l - b[i]! - kl));
  };
  const bySecond = (a: Numbers, b: Numbers): number[] => a.map((l, i) => Math.exp(b[i]!) - Math.exp(l));
  const times = (xs: Numbers, by: number): number[] => xs.map((x) => x * by);
  if (direction === "teacher-first")
    return {
      value: factor * klOf(logP, logQ),
      student: times(bySecond(logP, logQ), slope),
      teacher: times(byFirst(logP, logQ), slope),
    };
  if (direction === "student-first")
    return {
      value: factor * klOf(logQ, logP),
      student: times(byFirst(logQ, logP), slope),
      teacher: times(bySecond(logQ, logP), slope),
    };
  const logM = logP.map((l, i) => logSumExp([l, logQ[i]!]) - Math.LN2);
  return {
    value: (factor * (klOf(logP, logM) + klOf(logQ, logM))) / 2,
    student: times(byFirst(logQ, logM), slope / 2),
    teacher: times(byFirst(logP, logM), slope / 2),
  };
}

export function listNet(s: Numbers, t: Numbers, temperature = 1, scaled = true): Graded {
  if (isTied(t)) return nothing(s.length);
  const logQ = logSoftmax(s.map((x) => x / temperature));
  const p = softmax(t.map((x) => x / temperature));
  const factor = scaled ? temperature ** 2 : 1;
  const crossEntropy = -sum(p.map((share, i) => share * logQ[i]!));
  return {
    value: factor * crossEntropy,
    student: p.map((share, i) => (factor / temperature) * (Math.exp(logQ[i]!) - share)),
    teacher: p.map((share, i) => (factor / temperature) * share * (-logQ[i]! - crossEntropy)),
  };
}

export function rankTarget(ranks: Numbers, maxPosition = 512): number[] {
  const heights = ranks.map((rank) => Math.log(1 + maxPosition) - Math.log(Math.min(rank, maxPosition)));
  return heights.map((height) => height / sum(heights));
}

export function rankPosition(s: Numbers, ranks: Numbers, maxPosition = 512, temperature = 1): Graded {
  return againstRanks(s, ranks, rankTarget(ranks, maxPosition), temperature);
}

export function rankPositionByDecay(s: Numbers, ranks: Numbers, decay: number): Graded {
  return againstRanks(s, ranks, softmax(ranks.map((rank) => -rank / decay)), 1);
}

function againstRanks(s: Numbers, ranks: Numbers, y: Numbers, temperature: number): Graded {
  if (isTied(ranks)) return nothing(s.length);
  const logQ = logSoftmax(s.map((x) => x / temperature));
  return {
    value: -sum(y.map((share, i) => share * logQ[i]!)),
    student: y.map((share, i) => (Math.exp(logQ[i]!) - share) / temperature),
  };
}

export function calibratedListwise(s: Numbers, t: Numbers): Graded {
  if (isTied(t)) return nothing(s.length);
  const n = s.length;
  const logShares = (xs: Numbers): number[] => logSoftmax(xs.map((x) => -softplus(-x)));
  const logB = logShares(s);
  const [a, b] = [logShares(t).map(Math.exp), logB.map(Math.exp)];
  const logNotB = b.map((_, i) => logSumExp(logB.filter((_, j) => j !== i)));
  const value = -mean(a.map((x, i) => x * logB[i]! + (1 - x) * logNotB[i]!));
  const g = a.map((x, i) => ((1 - x) * Math.exp(logB[i]! - logNotB[i]!) - x) / n);
  const byA = a.map((_, i) => -(logB[i]! - logNotB[i]!) / n);
  const meanByA = sum(a.map((x, i) => x * byA[i]!));
  return {
    value,
    student: s.map((x, i) => sigmoid(-x) * (g[i]! - b[i]! * sum(g))),
    teacher: t.map((x, i) => sigmoid(-x) * a[i]! * (byA[i]! - meanByA)),
  };
}
