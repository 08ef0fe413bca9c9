import type * as tf from "@tensorflow/tfjs";
import { distillationExperts } from "../../../src/distill/losses/distillation-experts.ts";
import { hintCosine, hintMse } from "../../../src/distill/losses/hint.ts";
import { ordinalLevels } from "../../../src/distill/losses/ordinal-levels.ts";
import * as oracle from "../../oracle/losses/latent.ts";
import {
  differencedOracle,
  type Input,
  type Inputs,
  input,
  type LossCase,
  normals,
  type Tensors,
} from "../loss-case.ts";

const rowsOf = ({ shape, data }: Input): number[][] => {
  const width = shape.at(-1)!;
  return Array.from({ length: data.length / width }, (_, b) => data.slice(b * width, (b + 1) * width));
};

function hintCase(name: string, loss: typeof hintMse, one: typeof oracle.hintMse, stop: boolean): LossCase {
  return {
    name: `${name}${stop ? "" : ", teacher moves"}`,
    flowing: stop ? ["studentLayer"] : ["studentLayer", "teacherLayer"],
    inputs: (stream, rows, width) => ({
      studentLayer: normals(stream, [rows, width]),
      teacherLayer: normals(stream, [rows, width]),
    }),
    loss: ({ studentLayer, teacherLayer }: Tensors) =>
      loss(studentLayer!, teacherLayer!, { stopTeacherGradient: stop }),
    oracle: ({ studentLayer, teacherLayer }, upstream) => {
      const teachers = rowsOf(teacherLayer!);
      const results = rowsOf(studentLayer!).map((h, b) => one(h, teachers[b]!));
      const weigh = (of: "student" | "teacher"): number[] =>
        results.flatMap((row, b) => row[of].map((x) => x * (upstream[b] ?? 0)));
      return {
        values: results.map(({ value }) => value),
        gradients: { studentLayer: weigh("student"), teacherLayer: weigh("teacher") },
      };
    },
    // A loss of 1 - cosine is rounded around 0.
    nonNegative: name === "hintMse",
    zeroAtEquality: true,
  };
}

const EXPERTS = 3;
const STUDENT = 4;
const TEACHER = 5;
const HIDDEN = 4;

/** Every parameter is an argument: gradients reach experts, selection and the student's layer, never the teacher's. */
const expertsCase: LossCase = {
  name: "distillationExperts tau .7",
  inputs: (stream, rows) => ({
    studentLayer: normals(stream, [rows, STUDENT]),
    teacherLayer: normals(stream, [rows, TEACHER]),
    gumbel: normals(stream, [rows, EXPERTS]),
    selectionKernel: normals(stream, [TEACHER, EXPERTS]),
    selectionBias: normals(stream, [EXPERTS]),
    ...Object.fromEntries(
      Array.from({ length: EXPERTS }, (_, m) => [
        [`kernel${m}a`, normals(stream, [STUDENT, HIDDEN])],
        [`bias${m}a`, normals(stream, [HIDDEN])],
        [`kernel${m}b`, normals(stream, [HIDDEN, TEACHER])],
        [`bias${m}b`, normals(stream, [TEACHER])],
      ]).flat(),
    ),
  }),
  flowing: [
    "studentLayer",
    "gumbel",
    "selectionKernel",
    "selectionBias",
    ...Array.from({ length: EXPERTS }, (_, m) => [`kernel${m}a`, `bias${m}a`, `kernel${m}b`, `bias${m}b`]).flat(),
  ],
  loss: ({ studentLayer, teacherLayer, gumbel, selectionKernel, selectionBias, ...rest }: Tensors) =>
    distillationExperts(
      {
        selection: { kernel: selectionKernel!, bias: selectionBias! },
        experts: Array.from({ length: EXPERTS }, (_, m) => [
          { kernel: rest[`kernel${m}a`]!, bias: rest[`bias${m}a`]! },
          { kernel: rest[`kernel${m}b`]!, bias: rest[`bias${m}b`]! },
        ]),
      } as never,
      studentLayer!,
      teacherLayer!,
      { gumbel: gumbel as tf.Tensor, temperature: 0.7 },
    ),
  oracle: (inputs, upstream) => differencedOracle(expertLosses, Object.keys(inputs))(inputs, upstream),
  held: expertLosses,
  sizes: [
    [1, 1],
    [4, 1],
  ],
};

function expertLosses(_: Inputs, inputs: Inputs): number[] {
  const { studentLayer, teacherLayer, gumbel, selectionKernel, selectionBias, ...rest } = inputs;
  const experts = Array.from({ length: EXPERTS }, (_, m) => ({
    kernels: [rowsOf(rest[`kernel${m}a`]!), rowsOf(rest[`kernel${m}b`]!)],
    biases: [rest[`bias${m}a`]!.data, rest[`bias${m}b`]!.data],
  }));
  const [teachers, noise] = [rowsOf(teacherLayer!), rowsOf(gumbel!)];
  const selection = { kernel: rowsOf(selectionKernel!), bias: selectionBias!.data };
  return rowsOf(studentLayer!).map((h, b) =>
    oracle.distillationExperts(h, teachers[b]!, selection, experts, noise[b]!, 0.7),
  );
}

export const latentCases: readonly LossCase[] = [
  ...[true, false].flatMap((stop) => [
    hintCase("hintMse", hintMse, oracle.hintMse, stop),
    hintCase("hintCosine", hintCosine, oracle.hintCosine, stop),
  ]),
  expertsCase,
];

const RATES = [0.4, 0.1, 0.01];

/** Cosines in (-1, 1) and nested labels of three levels. */
export const ordinalCases: readonly LossCase[] = [
  {
    name: "ordinalLevels of three",
    flowing: ["cosines"],
    inputs: (stream, rows) => ({
      cosines: input(
        [rows, 3],
        Array.from({ length: rows * 3 }, () => 1.8 * stream.uniform() - 0.9),
      ),
      labels: input(
        [rows, 3],
        Array.from({ length: rows }, () => {
          const level = stream.integer(4);
          return [0, 1, 2].map((c) => (c < level ? 1 : 0));
        }).flat(),
      ),
    }),
    loss: ({ cosines, labels }: Tensors) => ordinalLevels(cosines!, labels!, { scale: 1.5, rates: RATES }),
    held: ordinalLosses,
    oracle: differencedOracle(ordinalLosses, ["cosines"]),
    sizes: [
      [1, 3],
      [6, 3],
    ],
  },
];

function ordinalLosses(_: Inputs, { cosines, labels }: Inputs): number[] {
  const classes = rowsOf(labels!);
  return rowsOf(cosines!).map((row, b) => oracle.ordinalLevels(row, classes[b]!, 1.5, RATES));
}
