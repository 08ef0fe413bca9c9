import * as tf from "@tensorflow/tfjs";
import { calibratedListwise } from "../../../src/distill/losses/calibrated-listwise.ts";
import { listKl } from "../../../src/distill/losses/list-kl.ts";
import { listMle } from "../../../src/distill/losses/list-mle.ts";
import { listNet } from "../../../src/distill/losses/list-net.ts";
import { marginMse } from "../../../src/distill/losses/margin-mse.ts";
import { rankDistil } from "../../../src/distill/losses/rank-distil.ts";
import { rankPosition } from "../../../src/distill/losses/rank-position.ts";
import { rankingDistillation } from "../../../src/distill/losses/ranking-distillation.ts";
import { relaxedRanking } from "../../../src/distill/losses/relaxed-ranking.ts";
import { tutorLearning, tutorOrder, tutorValue } from "../../../src/distill/losses/tutor-order.ts";
import * as order from "../../oracle/losses/order-lists.ts";
import { weighings } from "../../oracle/losses/pointwise.ts";
import * as soft from "../../oracle/losses/softmax-lists.ts";
import { input, type LossCase, listCase, normals } from "../loss-case.ts";

const teacher = (stop: boolean) => ({ name: "teacherLogits", flows: !stop });
const ranks = { name: "teacherRanks", kind: "ranks" } as const;
const all = { permutable: "all", shiftInvariant: true } as const;

const softCases: readonly LossCase[] = [true, false].flatMap((stop) => [
  ...(["teacher-first", "student-first", "jensen-shannon"] as const).map((direction) =>
    listCase({
      name: `listKl ${direction} T=2${stop ? "" : ", teacher moves"}`,
      second: teacher(stop),
      loss: (t, { mask }) =>
        listKl(t.studentLogits!, t.teacherLogits!, { mask, temperature: 2, direction, stopTeacherGradient: stop }),
      one: (s, t) => soft.listKl(s, t, 2, true, direction),
      zeroAtEquality: true,
      ...all,
    }),
  ),
  listCase({
    name: `listNet T=2${stop ? "" : ", teacher moves"}`,
    second: teacher(stop),
    loss: (t, { mask }) =>
      listNet(t.studentLogits!, t.teacherLogits!, { mask, temperature: 2, stopTeacherGradient: stop }),
    one: (s, t) => soft.listNet(s, t, 2),
    ...all,
  }),
  listCase({
    name: `calibratedListwise${stop ? "" : ", teacher moves"}`,
    second: teacher(stop),
    loss: (t, { mask }) => calibratedListwise(t.studentLogits!, t.teacherLogits!, { mask, stopTeacherGradient: stop }),
    one: soft.calibratedListwise,
    permutable: "all",
    shiftInvariant: false,
  }),
  listCase({
    name: `marginMse${stop ? "" : ", teacher moves"}`,
    second: teacher(stop),
    loss: (t, { mask }) => marginMse(t.studentLogits!, t.teacherLogits!, { mask, stopTeacherGradient: stop }),
    one: order.marginMse,
    zeroAtEquality: true,
    permutable: "all but the first",
    shiftInvariant: true,
  }),
  ...(["logits", "probabilities"] as const).map((on) =>
    listCase({
      name: `tutorValue on ${on}${stop ? "" : ", tutor moves"}`,
      second: { name: "tutorLogits", flows: !stop },
      loss: (t, { mask }) => tutorValue(t.studentLogits!, t.tutorLogits!, { mask, on, stopTeacherGradient: stop }),
      one: (s, t) => order.tutorValue(s, t, on),
      zeroAtEquality: true,
      permutable: "all",
      shiftInvariant: false,
    }),
  ),
]);

const orderCases: readonly LossCase[] = [
  listCase({
    name: "listKl T=3 without T^2",
    second: teacher(true),
    loss: (t, { mask }) =>
      listKl(t.studentLogits!, t.teacherLogits!, { mask, temperature: 3, scaleByTemperatureSquared: false }),
    one: (s, t) => soft.listKl(s, t, 3, false),
    ...all,
  }),
  listCase({
    name: "listNet T=3 without T^2",
    second: teacher(true),
    loss: (t, { mask }) =>
      listNet(t.studentLogits!, t.teacherLogits!, { mask, temperature: 3, scaleByTemperatureSquared: false }),
    one: (s, t) => soft.listNet(s, t, 3, false),
    ...all,
  }),
  listCase({
    name: "rankPosition",
    second: ranks,
    loss: (t, { mask }) => rankPosition(t.studentLogits!, t.teacherRanks!, { mask }),
    one: (s, r) => soft.rankPosition(s, r),
    ...all,
  }),
  listCase({
    name: "rankPosition T=2, positions to 4",
    second: ranks,
    loss: (t, { mask }) => rankPosition(t.studentLogits!, t.teacherRanks!, { mask, maxPosition: 4, temperature: 2 }),
    one: (s, r) => soft.rankPosition(s, r, 4, 2),
    ...all,
  }),
  listCase({
    name: "rankPosition, exponential weights",
    second: ranks,
    loss: (t, { mask }) =>
      rankPosition(t.studentLogits!, t.teacherRanks!, { mask, positionWeights: { kind: "exponential", decay: 2 } }),
    one: (s, r) => soft.rankPositionByDecay(s, r, 2),
    ...all,
  }),
  listCase({
    name: "listMle",
    loss: (t, { mask }) => listMle(t.studentLogits!, t.teacherScores!, { mask }),
    one: (s, t) => order.listMle(s, t),
    ...all,
  }),
  listCase({
    name: "listMle top 3, T=2, logarithmic",
    loss: (t, { mask }) =>
      listMle(t.studentLogits!, t.teacherScores!, {
        mask,
        topK: 3,
        temperature: 2,
        positionWeights: { kind: "logarithmic" },
      }),
    one: (s, t) => order.listMle(s, t, { topK: 3, temperature: 2, weigh: weighings.logarithmic }),
    ...all,
  }),
  listCase({
    name: "relaxedRanking of 2",
    loss: (t, { mask }) =>
      relaxedRanking(t.studentLogits!, t.teacherScores!, { mask, interesting: 2, temperature: 1.5 }),
    one: (s, t) =>
      order.relaxedRanking(
        s,
        t,
        2,
        s.map(() => 1),
        1.5,
      ),
    ...all,
  }),
  listCase({
    name: "relaxedRanking of 2 above chosen items",
    extras: (stream, lists, length) => ({
      uninteresting: input(
        [lists, length],
        Array.from({ length: lists * length }, () => (stream.uniform() < 0.6 ? 1 : 0)),
      ),
    }),
    loss: ({ uninteresting, ...t }, { mask }) =>
      relaxedRanking(t.studentLogits!, t.teacherScores!, { mask, interesting: 2, uninteresting: uninteresting! }),
    one: (s, t, { uninteresting }) => order.relaxedRanking(s, t, 2, uninteresting!),
    ...all,
  }),
  listCase({
    name: "rankDistil 2 orders, top 3, T=2",
    extras: (stream, lists, length) => ({
      first: normals(stream, [lists, length]),
      second: normals(stream, [lists, length]),
    }),
    second: { name: "teacherLogits" },
    loss: (t, { mask }) =>
      tf.tidy(() => {
        const gumbel = tf.stack([t.first!, t.second!]);
        return rankDistil(t.studentLogits!, t.teacherLogits!, { mask, gumbel, topK: 3, temperature: 2 });
      }),
    one: (s, t, { first, second }) => order.rankDistil(s, t, [first!, second!], { topK: 3, temperature: 2 }),
    ...all,
  }),
  listCase({
    name: "rankingDistillation",
    second: ranks,
    loss: (t, { mask }) => rankingDistillation(t.studentLogits!, t.teacherRanks!, { mask, topK: 4 }),
    one: (s, r) => order.rankingDistillation(s, r, { topK: 4 }),
    permutable: "all",
    shiftInvariant: false,
    zeroWhenTied: false,
  }),
  listCase({
    name: "rankingDistillation with discrepancy, linear",
    second: ranks,
    extras: (stream, lists, length) => ({
      studentRanks: input(
        [lists, length],
        Array.from({ length: lists * length }, () => stream.integer(12)),
      ),
    }),
    loss: (t, { mask }) =>
      rankingDistillation(t.studentLogits!, t.teacherRanks!, {
        mask,
        positionWeights: { kind: "linear", length: 9 },
        discrepancy: { studentRanks: t.studentRanks!, steepness: 0.3 },
      }),
    one: (s, r, { studentRanks }) =>
      order.rankingDistillation(s, r, { weigh: weighings.linear(9), studentRanks: studentRanks!, steepness: 0.3 }),
    permutable: "all",
    shiftInvariant: false,
    zeroWhenTied: false,
  }),
  ...(["logits", "probabilities"] as const).map((on) =>
    listCase({
      name: `tutorOrder of 2 on ${on}`,
      second: { name: "tutorScores" },
      loss: (t, { mask }) => tutorOrder(t.studentLogits!, t.tutorScores!, { mask, topK: 2, on }),
      one: (s, t) => order.tutorOrder(s, t, 2, on),
      permutable: "all",
      shiftInvariant: on === "logits",
    }),
  ),
  listCase({
    name: "tutorLearning alpha .3",
    second: { name: "tutorLogits" },
    loss: (t, { mask }) => tutorLearning(t.studentLogits!, t.tutorLogits!, { mask, topK: 2, alpha: 0.3 }),
    one: (s, t) => {
      const [ordered, valued] = [order.tutorOrder(s, t, 2), order.tutorValue(s, t)];
      return {
        value: 0.3 * ordered.value + 0.7 * valued.value,
        student: ordered.student.map((x, i) => 0.3 * x + 0.7 * valued.student[i]!),
      };
    },
    permutable: "all",
    shiftInvariant: false,
  }),
];

export const listCases: readonly LossCase[] = [...softCases, ...orderCases];
