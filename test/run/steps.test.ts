import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBatch } from "../../src/data/make-batch.ts";
import { openDataset } from "../../src/data/open-dataset.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import { batchSpecOf } from "../../src/run/batch-spec.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { buildModels } from "../../src/run/models.ts";
import { ratesOf } from "../../src/run/optimisers.ts";
import { buildEntries } from "../../src/run/steps.ts";
import { termInputs } from "../../src/run/term-inputs.ts";
import { sigmoid } from "../oracle/models.ts";
import { nativeEngine, writeSmallRun } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-steps-"));
  writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Plain gradient descent, no dropout: moves are -rate times the gradient. */
const SGD = ["teacher", "student"].flatMap((model) => [
  `train.${model}={ rate: 1, dense: { kind: sgd }, table: { kind: sgd } }`,
  `${model}.inputDropout=0`,
]);

async function open(sets: readonly string[]) {
  const { config, folder: baseDir } = readRunConfig(join(folder, "run.yaml"), [...SGD, ...sets]);
  const dataset = await openDataset(config.data, { baseDir });
  const models = buildModels(config, dataset);
  const program = createProgram(models.parameters, buildEntries(config, models), { native });
  const batch = makeBatch(dataset, batchSpecOf(config, dataset), 0, 0);
  const step = () =>
    program.train("train", { batch, rates: ratesOf(config, 0), inputs: termInputs(config, { step: 0 }) });
  return { program, batch, step };
}

/** Names of the parameters that a step moved. */
function movedBy(program: Program, step: () => unknown): string[] {
  const parameters = program.variables.filter(({ role }) => role === "parameter");
  const before = parameters.map(({ name }) => program.read(name).slice());
  step();
  return parameters.flatMap(({ name }, i) =>
    program.read(name).every((value, at) => Object.is(value, before[i]![at])) ? [] : [name],
  );
}

const NO_TEACHER_LOSS = "teacher.weights={ ctr: 0, ctcvr: 0 }";
const NO_DISTILLATION = "distill.0.weight=0";

describe("the joint step", () => {
  it("moves the student, and no byte of the teacher, by the distillation term", async () => {
    const { program, step } = await open([NO_TEACHER_LOSS]);
    const moved = movedBy(program, step);
    expect(moved.filter((name) => name.startsWith("teacher/"))).toEqual([]);
    expect(moved).toEqual(
      expect.arrayContaining([
        "student/bias",
        "student/logScale",
        "student/user/embedding/user",
        "student/item/0/kernel",
      ]),
    );
    program.close();
  });

  it("moves the teacher, and no byte of the student, by the teacher's terms", async () => {
    const { program, step } = await open([NO_DISTILLATION]);
    const moved = movedBy(program, step);
    expect(moved.filter((name) => name.startsWith("student/"))).toEqual([]);
    expect(moved).toEqual(
      expect.arrayContaining(["teacher/gates/kernel", "teacher/experts/0/kernel", "teacher/towers/cvr/0/kernel"]),
    );
    program.close();
  });

  it("moves the student's bias by the mean of q - p over rows and negatives", async () => {
    const { program, batch, step } = await open([]);
    const lists = program.forward("score", batch);
    const p = [...lists["teacher/ctcvr"]!.data].map(sigmoid);
    const q = [...lists.student!.data].map(sigmoid);
    const mean = q.reduce((sum, value, i) => sum + value - p[i]!, 0) / q.length;
    const [before] = program.read("student/bias");
    step();
    expect(program.read("student/bias")[0]! - before!).toBeCloseTo(-mean, 6);
    program.close();
  });

  it("logs each term, and adds them with their weights", async () => {
    const { program, step } = await open(["teacher.weights={ ctr: 2, ctcvr: 3 }", "distill.0.weight=0.5"]);
    const { loss, parts } = step();
    expect(Object.keys(parts)).toEqual(["teacher/ctr", "teacher/ctcvr", "distill/kd"]);
    expect(loss).toBeCloseTo(2 * parts["teacher/ctr"]! + 3 * parts["teacher/ctcvr"]! + 0.5 * parts["distill/kd"]!, 5);
    program.close();
  });
});

describe("share", () => {
  it("ties one table, which the teacher's and the distillation terms both move", async () => {
    const share = "share=[user]";
    const byTeacher = await open([share, NO_DISTILLATION]);
    expect(movedBy(byTeacher.program, byTeacher.step)).toContain("shared/embedding/user");
    byTeacher.program.close();
    const byDistillation = await open([share, NO_TEACHER_LOSS]);
    const moved = movedBy(byDistillation.program, byDistillation.step);
    expect(moved).toContain("shared/embedding/user");
    expect(moved.filter((name) => name.startsWith("teacher/"))).toEqual([]);
    byDistillation.program.close();
  });

  it("is nothing by default: each model has its own tables", async () => {
    const { program } = await open([]);
    const tables = program.variables
      .filter(({ role, byRows }) => role === "parameter" && byRows)
      .map(({ name }) => name);
    expect(tables).toEqual([
      "teacher/embedding/user",
      "teacher/embedding/age",
      "teacher/embedding/item",
      "teacher/embedding/topic",
      "teacher/embedding/hour",
      "student/user/embedding/user",
      "student/user/embedding/age",
      "student/item/embedding/item",
      "student/item/embedding/topic",
    ]);
    program.close();
  });

  it("needs one width in both models", async () => {
    await expect(open(["share=[user]", "student.embeddings={ default: 4, widths: { user: 6 } }"])).rejects.toThrow(
      'share: "user" must have one embedding width in both models, got 4 and 6',
    );
  });
});

describe("a padded batch", () => {
  it("gives the step of its real rows alone", async () => {
    const results = await Promise.all(
      [3, 8].map(async (size) => {
        const { program } = await open([]);
        const { config, folder: baseDir } = readRunConfig(join(folder, "run.yaml"), SGD);
        const dataset = await openDataset(config.data, { baseDir });
        const spec = { ...batchSpecOf(config, dataset), rows: dataset.parts.train.slice(0, 3), size, shuffle: false };
        const report = program.train("train", {
          batch: makeBatch(dataset, spec, 0, 0),
          rates: ratesOf(config, 0),
          inputs: termInputs(config, { step: 0 }),
        });
        const values = program.variables.flatMap(({ name }) => [...program.read(name)]);
        program.close();
        return { report, values };
      }),
    );
    const [small, padded] = results;
    expect(padded!.report.loss).toBeCloseTo(small!.report.loss, 6);
    for (const [i, value] of small!.values.entries()) expect(padded!.values[i]).toBeCloseTo(value, 5);
  });
});
