import { affineMse } from "../../../src/distill/losses/affine-mse.ts";
import { bernoulliKl } from "../../../src/distill/losses/bernoulli-kl.ts";
import { binaryCrossEntropy } from "../../../src/distill/losses/binary-cross-entropy.ts";
import { collaborativeDistillation } from "../../../src/distill/losses/collaborative-distillation.ts";
import { positionWeighted } from "../../../src/distill/losses/position-weighted.ts";
import { softCrossEntropy } from "../../../src/distill/losses/soft-cross-entropy.ts";
import { logitMse, probabilityMse } from "../../../src/distill/losses/squared-error.ts";
import * as oracle from "../../oracle/losses/pointwise.ts";
import { elementCase, input, type LossCase, normals } from "../loss-case.ts";

const stopped = { name: "teacherLogits" };
const flowing = { name: "teacherLogits", flows: true };
const moving = { stopTeacherGradient: false };

export const pointwiseCases: readonly LossCase[] = [
  ...(["teacher-first", "student-first", "jensen-shannon"] as const).flatMap((direction) =>
    [true, false].map((stop) =>
      elementCase({
        name: `bernoulliKl ${direction} T=2${stop ? "" : ", teacher moves"}`,
        second: stop ? stopped : flowing,
        loss: (s, t) => bernoulliKl(s, t, { temperature: 2, direction, stopTeacherGradient: stop }),
        one: (s, t) => oracle.bernoulliKl(s, t, 2, true, direction),
        zeroAtEquality: true,
      }),
    ),
  ),
  elementCase({
    name: "bernoulliKl T=3 without T^2",
    second: stopped,
    loss: (s, t) => bernoulliKl(s, t, { temperature: 3, scaleByTemperatureSquared: false }),
    one: (s, t) => oracle.bernoulliKl(s, t, 3, false),
  }),
  elementCase({
    name: "softCrossEntropy T=2, teacher moves",
    second: flowing,
    loss: (s, t) => softCrossEntropy(s, t, { temperature: 2, ...moving }),
    one: (s, t) => oracle.softCrossEntropy(s, t, 2),
  }),
  elementCase({
    name: "softCrossEntropy T=3 without T^2",
    second: stopped,
    loss: (s, t) => softCrossEntropy(s, t, { temperature: 3, scaleByTemperatureSquared: false }),
    one: (s, t) => oracle.softCrossEntropy(s, t, 3, false),
  }),
  elementCase({
    name: "binaryCrossEntropy",
    student: "logits",
    second: { name: "labels", kind: "probabilities" },
    loss: (z, y) => binaryCrossEntropy(z, y),
    one: oracle.binaryCrossEntropy,
  }),
  elementCase({
    name: "binaryCrossEntropy, labels move",
    student: "logits",
    second: { name: "labels", kind: "probabilities", flows: true },
    loss: (z, y) => binaryCrossEntropy(z, y, { stopLabelGradient: false }),
    one: oracle.binaryCrossEntropy,
  }),
  ...[true, false].flatMap((stop) => [
    elementCase({
      name: `logitMse${stop ? "" : ", teacher moves"}`,
      second: stop ? stopped : flowing,
      loss: (s, t) => logitMse(s, t, { stopTeacherGradient: stop }),
      one: oracle.logitMse,
      zeroAtEquality: true,
    }),
    elementCase({
      name: `probabilityMse T=2${stop ? "" : ", teacher moves"}`,
      second: stop ? stopped : flowing,
      loss: (s, t) => probabilityMse(s, t, { temperature: 2, stopTeacherGradient: stop }),
      one: (s, t) => oracle.probabilityMse(s, t, 2),
      zeroAtEquality: true,
    }),
    elementCase({
      name: `collaborativeDistillation T=3, shift .5${stop ? "" : ", teacher moves"}`,
      second: stop ? stopped : flowing,
      loss: (s, t) => collaborativeDistillation(s, t, { temperature: 3, shift: 0.5, stopTeacherGradient: stop }),
      one: (s, t) => oracle.collaborativeDistillation(s, t, 3, 0.5),
    }),
  ]),
  ...(
    [
      ["logarithmic", undefined, oracle.weighings.logarithmic],
      ["equal", { kind: "equal" }, oracle.weighings.equal],
      ["exponential", { kind: "exponential", decay: 3 }, oracle.weighings.exponential(3)],
      ["linear", { kind: "linear", length: 4 }, oracle.weighings.linear(4)],
      ["table", { kind: "table", weights: [3, 1, 0.5] }, oracle.weighings.table([3, 1, 0.5])],
    ] as const
  ).map(([name, positionWeights, weigh]) =>
    elementCase({
      name: `positionWeighted ${name}`,
      second: { name: "teacherRanks", kind: "ranks" },
      loss: (s, r) => positionWeighted(s, r, positionWeights && { positionWeights }),
      one: (s, r) => oracle.positionWeighted(s, r, weigh),
    }),
  ),
  elementCase({
    name: "positionWeighted top 3",
    second: { name: "teacherRanks", kind: "ranks" },
    loss: (s, r) => positionWeighted(s, r, { topK: 3 }),
    one: (s, r) => oracle.positionWeighted(s, r, undefined, 3),
  }),
  affineCase(true),
  affineCase(false),
];

/** (|w| s + b - t)^2 with learned w (here negative) and b. */
function affineCase(stop: boolean): LossCase {
  return {
    name: `affineMse${stop ? "" : ", teacher moves"}`,
    flowing: ["studentLogits", "scale", "offset", ...(stop ? [] : ["teacherLogits"])],
    inputs: (stream, lists, length) => ({
      studentLogits: normals(stream, [lists, length]),
      teacherLogits: normals(stream, [lists, length]),
      scale: input([], [-1.75]),
      offset: input([], [0.4]),
    }),
    loss: ({ studentLogits, teacherLogits, scale, offset }) =>
      affineMse(studentLogits!, teacherLogits!, {
        scale: scale as never,
        offset: offset as never,
        stopTeacherGradient: stop,
      }),
    oracle: ({ studentLogits, teacherLogits, scale, offset }, upstream) => {
      const [w, b] = [scale!.data[0]!, offset!.data[0]!];
      const errors = studentLogits!.data.map((s, i) => Math.abs(w) * s + b - teacherLogits!.data[i]!);
      const weighted = errors.map((error, i) => 2 * error * (upstream[i] ?? 0));
      return {
        values: errors.map((error) => error ** 2),
        gradients: {
          studentLogits: weighted.map((x) => x * Math.abs(w)),
          teacherLogits: weighted.map((x) => -x),
          scale: [weighted.reduce((sum, x, i) => sum + x * studentLogits!.data[i]! * Math.sign(w), 0)],
          offset: [weighted.reduce((sum, x) => sum + x, 0)],
        },
      };
    },
  };
}
