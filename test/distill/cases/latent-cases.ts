import type * as tf from "@tensorflow/tfjs";
import { distillationExperts } from "../../../src/distill/losses/distillation-experts.ts";
import { hintCosine, hintMse } from "../../../src/distill/losses/hint.ts";
import * as oracle from "../../oracle/losses/latent.ts";
import { type Expected, type Input, type Inputs, type LossCase, normals, type Tensors } from "../loss-case.ts";

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
  oracle: differenced,
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

/** A perceptron's gradient is the chain rule alone: the reference is the oracle's, differenced at two steps. */
function differenced(inputs: Inputs, upstream: readonly number[]): Expected {
  const values = expertLosses(inputs, inputs);
  if (upstream.length === 0) return { values, gradients: {} };
  const total = (name: string, at: number, by: number): number => {
    const { shape, data } = inputs[name]!;
    const moved = { ...inputs, [name]: { shape, data: data.map((x, i) => (i === at ? x + by : x)) } };
    return expertLosses(inputs, moved).reduce((sum, value, i) => sum + value * upstream[i]!, 0);
  };
  const slope = (name: string, at: number, step: number): number =>
    (total(name, at, step) - total(name, at, -step)) / (2 * step);
  const gradients = Object.fromEntries(
    Object.keys(inputs).map((name) => [
      name,
      inputs[name]!.data.map((_, at) => (4 * slope(name, at, 5e-5) - slope(name, at, 1e-4)) / 3),
    ]),
  );
  return { values, gradients };
}

export const latentCases: readonly LossCase[] = [
  ...[true, false].flatMap((stop) => [
    hintCase("hintMse", hintMse, oracle.hintMse, stop),
    hintCase("hintCosine", hintCosine, oracle.hintCosine, stop),
  ]),
  expertsCase,
];
