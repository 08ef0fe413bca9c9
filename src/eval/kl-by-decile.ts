// N = rows
import { assertCount, assertFinite, assertSameLength, type Numbers } from "./argument-checks.ts";
import { equalMassBins } from "./equal-mass-bins.ts";
import { softplus } from "./logloss.ts";

/** One decile of the teacher's probability. */
export interface KlBin {
  /** Smallest and largest teacher logit in the bin. */
  readonly from: number;
  readonly to: number;
  readonly rows: number;
  /** Mean probability of the teacher and of the student. */
  readonly teacher: number;
  readonly student: number;
  /** Mean Bernoulli KL(teacher || student), nats. */
  readonly kl: number;
}

/**
 * Mean KL(teacher || student) of a head by decile of the teacher's score: where the student fails to follow.
 *
 * @param studentLogits - [N] finite. @param teacherLogits - [N] finite, of the same head.
 * @param options.bins - bins of equal mass by teacher logit (equal logits stay together; empty bins are left out). Default 10.
 * @throws {ShapeError} lengths differ. @throws {DataError} a logit that is not finite. @throws {ConfigError} bins < 1.
 */
export function klByDecile(
  studentLogits: Numbers,
  teacherLogits: Numbers,
  { bins = 10 }: { readonly bins?: number } = {},
): readonly KlBin[] {
  assertSameLength("klByDecile", { studentLogits, teacherLogits });
  assertFinite("klByDecile", "studentLogits", studentLogits);
  assertFinite("klByDecile", "teacherLogits", teacherLogits);
  assertCount("klByDecile", "bins", bins);
  const sums = Array.from({ length: bins }, () => ({
    from: Infinity,
    to: -Infinity,
    rows: 0,
    teacher: 0,
    student: 0,
    kl: 0,
  }));
  for (const [row, bin] of equalMassBins(teacherLogits, bins).entries()) {
    const [student, teacher] = [studentLogits[row]!, teacherLogits[row]!];
    const sum = sums[bin]!;
    sum.from = Math.min(sum.from, teacher);
    sum.to = Math.max(sum.to, teacher);
    sum.rows++;
    sum.teacher += sigmoid(teacher);
    sum.student += sigmoid(student);
    sum.kl += bernoulliKl(teacher, student);
  }
  return sums
    .filter(({ rows }) => rows > 0)
    .map((sum) => ({
      ...sum,
      teacher: sum.teacher / sum.rows,
      student: sum.student / sum.rows,
      kl: sum.kl / sum.rows,
    }));
}

/** KL(Bernoulli(sigmoid(t)) || Bernoulli(sigmoid(s))) in nats, from logits, stable at any size. */
export function bernoulliKl(teacherLogit: number, studentLogit: number): number {
  const positive = sigmoid(teacherLogit) * (softplus(-studentLogit) - softplus(-teacherLogit));
  const negative = sigmoid(-teacherLogit) * (softplus(studentLogit) - softplus(teacherLogit));
  return Math.max(0, positive + negative);
}

function sigmoid(logit: number): number {
  return Math.exp(-softplus(-logit));
}
