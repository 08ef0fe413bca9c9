// Losses that use the teacher's order of one list.
import {
  descending,
  type Graded,
  isTied,
  logSumExp,
  mean,
  nothing,
  ranks as ranksOf,
  sigmoid,
  softplus,
  sum,
} from "./log-space.ts";
import { type Weigh, weighings } from "./pointwise.ts";

type Numbers = readonly number[];

export function listMle(
  s: Numbers,
  t: Numbers,
  options: { topK?: number; weigh?: Weigh; temperature?: number } = {},
): Graded {
  if (isTied(t)) return nothing(s.length);
  return ofOrder(s, descending(t), options);
}

function ofOrder(
  s: Numbers,
  order: Numbers,
  {
    topK = order.length,
    weigh = weighings.equal,
    temperature = 1,
  }: { topK?: number; weigh?: Weigh; temperature?: number },
): Graded {
  let value = 0;
  const student = new Array<number>(s.length).fill(0);
  for (let k = 0; k < Math.min(topK, order.length); k++) {
    const rest = order.slice(k);
    const total = logSumExp(rest.map((item) => s[item]! / temperature));
    const weight = weigh(k + 1);
    value += weight * (total - s[order[k]!]! / temperature);
    student[order[k]!]! -= weight / temperature;
    for (const item of rest) student[item]! += (weight * Math.exp(s[item]! / temperature - total)) / temperature;
  }
  return { value, student };
}

export function rankDistil(
  s: Numbers,
  t: Numbers,
  gumbel: readonly Numbers[],
  options: { topK?: number; temperature?: number } = {},
): Graded {
  if (isTied(t)) return nothing(s.length);
  const drawn = gumbel.map((noise) =>
    ofOrder(s, descending(t.map((x, i) => Math.fround(Math.fround(x) + Math.fround(noise[i]!)))), options),
  );
  return {
    value: mean(drawn.map(({ value }) => value)),
    student: s.map((_, i) => mean(drawn.map(({ student }) => student[i]!))),
  };
}

/** Items that are neither among the first `interesting` nor in `uninteresting` are left out. */
export function relaxedRanking(
  s: Numbers,
  t: Numbers,
  interesting: number,
  uninteresting: Numbers,
  temperature = 1,
): Graded {
  const order = descending(t);
  const top = order.slice(0, interesting);
  const kept = s.map((_, i) => top.includes(i) || uninteresting[i] === 1);
  const items = s.map((_, i) => i).filter((i) => kept[i]);
  if (isTied(items.map((i) => t[i]!))) return nothing(s.length);
  const below = items.filter((i) => !top.includes(i));
  let value = 0;
  const student = new Array<number>(s.length).fill(0);
  top.forEach((item, k) => {
    const rest = [...top.slice(k), ...below];
    const total = logSumExp(rest.map((i) => s[i]! / temperature));
    value -= s[item]! / temperature - total;
    student[item]! -= 1 / temperature;
    for (const i of rest) student[i]! += Math.exp(s[i]! / temperature - total) / temperature;
  });
  return { value, student };
}

export function rankingDistillation(
  s: Numbers,
  ranks: Numbers,
  {
    topK = 10,
    weigh = weighings.exponential(1),
    studentRanks,
    steepness = 0.1,
  }: { topK?: number; weigh?: Weigh; studentRanks?: Numbers; steepness?: number } = {},
): Graded {
  const importance = ranks.map((rank) => (rank <= topK ? weigh(rank) : 0));
  const total = sum(importance);
  const weights = importance.map((w, i) => {
    const share = total > 0 ? w / total : 0;
    return studentRanks === undefined
      ? share
      : share * Math.max(Math.tanh(steepness * (studentRanks[i]! - ranks[i]!)), 0);
  });
  return {
    value: sum(weights.map((w, i) => w * softplus(-s[i]!))),
    student: weights.map((w, i) => -w * sigmoid(-s[i]!)),
  };
}

export function tutorOrder(s: Numbers, t: Numbers, topK: number, on: "logits" | "probabilities" = "logits"): Graded {
  if (isTied(t) || s.length <= topK) return nothing(s.length);
  const x = on === "logits" ? s : s.map(sigmoid);
  const top = ranksOf(t).map((rank) => rank <= topK);
  const gap = mean(x.filter((_, i) => top[i])) - mean(x.filter((_, i) => !top[i]));
  const slope = sigmoid(-gap);
  return {
    value: softplus(-gap),
    student: s.map((score, i) => {
      const inner = on === "logits" ? 1 : sigmoid(score) * sigmoid(-score);
      return inner * (top[i] ? -slope / topK : slope / (s.length - topK));
    }),
  };
}

export function tutorValue(s: Numbers, t: Numbers, on: "logits" | "probabilities" = "logits"): Graded {
  if (isTied(t)) return nothing(s.length);
  const view = (xs: Numbers): Numbers => (on === "logits" ? xs : xs.map(sigmoid));
  const inner = (x: number): number => (on === "logits" ? 1 : sigmoid(x) * sigmoid(-x));
  const errors = view(s).map((x, i) => x - view(t)[i]!);
  return {
    value: mean(errors.map((error) => error ** 2)),
    student: errors.map((error, i) => (2 * error * inner(s[i]!)) / s.length),
    teacher: errors.map((error, i) => (-2 * error * inner(t[i]!)) / s.length),
  };
}

export function marginMse(s: Numbers, t: Numbers): Graded {
  if (isTied(t)) return nothing(s.length);
  const n = s.length - 1;
  const errors = s.map((x, j) => s[0]! - x - (t[0]! - t[j]!));
  const student = errors.map((error, j) => (j === 0 ? (2 * sum(errors)) / n : (-2 * error) / n));
  return { value: sum(errors.map((error) => error ** 2)) / n, student, teacher: student.map((x) => -x) };
}
