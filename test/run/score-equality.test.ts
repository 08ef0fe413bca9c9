import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import { findCheckpoint, loadCheckpoint } from "../../src/run/checkpoint.ts";
import { type ResolvedConfig, type RunConfig, readRunConfig } from "../../src/run/config/run-config.ts";
import { buildModels, type Models, type Ranker } from "../../src/run/models.ts";
import { runFolder } from "../../src/run/run-folder.ts";
import { openTeacher } from "../../src/run/score/open-teacher.ts";
import { openRunData } from "../../src/run/starting-point.ts";
import { buildEntries } from "../../src/run/steps.ts";
import { train } from "../../src/run/train.ts";
import { finishScore, writeOffline } from "./offline-setting.ts";
import { finishRun, nativeEngine } from "./small-run.ts";

const STEPS = 100;
let native: NativeEngine | undefined;
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-equality-"));
  writeOffline(folder);
  await finishRun(at("teacher.yaml"), at("teacher"), { native });
  await finishScore(folder, { native });
  await finishScore(folder, { native, out: at("half"), sets: ["score.dtype=float16"] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every student parameter, by name. */
const studentOf = (program: Program): Record<string, Float32Array> =>
  Object.fromEntries(
    program.variables
      .filter(({ name, role }) => role === "parameter" && name.startsWith("student/"))
      .map(({ name }) => [name, program.read(name)]),
  );

/**
 * The student after 100 steps, or after none: with the scores of the store, or with the teacher's own forward pass in every step. Both
 * see the same batches.
 */
async function studentAfter(
  resolved: ResolvedConfig,
  source: "store" | "online",
  steps = STEPS,
): Promise<Record<string, Float32Array>> {
  const { dataset } = await openRunData(resolved);
  const teacher = await openTeacher(at("teacher"), { native });
  teacher.program.close();
  // A teacher without an optimiser is a frozen one.
  const config: RunConfig =
    source === "store" ? resolved.config : { ...resolved.config, teacher: teacher.config.teacher };
  const built = buildModels(config, dataset);
  const models: Models = { ...built, teacher: built.teacher && rowByRow(built.teacher) };
  const program = createProgram(models.parameters, buildEntries(config, models), { native, seed: config.seed });
  try {
    const before = studentOf(program);
    if (source === "online") {
      const checkpoint = (await findCheckpoint(runFolder(at("teacher")), "latest"))!;
      await loadCheckpoint(runFolder(at("teacher")), checkpoint, program, {
        what: "parameters",
        only: (name) => name.startsWith("teacher/"),
      });
    }
    if (steps === 0) return before;
    for await (const event of train({ program, dataset, config })) {
      if (event.kind === "step" && event.step === steps) break;
    }
    const after = studentOf(program);
    expect(after).not.toEqual(before);
    return after;
  } finally {
    program.close();
  }
}

/**
 * The ranker on lists as on rows, one row a candidate: what a scoring job does. Its own way multiplies the user's part
 * once a list, which rounds otherwise.
 */
function rowByRow(teacher: Ranker): Ranker {
  return {
    ...teacher,
    forward: (values, batch, noise) => {
      const { mask } = batch;
      if (mask?.rank !== 2) return teacher.forward(values, batch, noise);
      const [rows, candidates] = mask.shape as [number, number];
      const flat = Object.entries(batch).flatMap(([name, tensor]) => {
        if (!/^(?:user|item|context)\//.test(name)) return [];
        const rest = tensor.shape.slice(name.startsWith("user/") ? 1 : 2);
        const whole = name.startsWith("user/")
          ? tf.tile(tf.expandDims(tensor, 1), [1, candidates, ...rest.map(() => 1)])
          : tensor;
        return [[name, tf.reshape(whole, [rows * candidates, ...rest])] as const];
      });
      const outputs = teacher.forward(values, Object.fromEntries(flat), noise);
      const lists = (logits: tf.Tensor): tf.Tensor => tf.reshape(logits, [rows, candidates]);
      return { ...outputs, ctr: lists(outputs.ctr), cvr: lists(outputs.cvr), ctcvr: lists(outputs.ctcvr) };
    },
  };
}

/** On the rows, or over each row's own item and its candidates of the store. */
const TERMS: Readonly<Record<string, readonly string[]>> = {
  KL: ["distill=[{ name: kd, head: ctcvr, kind: bernoulli-kl, temperature: 2 }]"],
  "KL of lists": [
    "distill=[{ name: kd, head: ctr, kind: list-kl, temperature: 2 }]",
    "negatives={ kind: stored, count: 2 }",
  ],
  MarginMSE: ["distill=[{ name: kd, head: ctr, kind: margin-mse }]", "negatives={ kind: stored, count: 2 }"],
  RankNet: [
    "distill=[{ name: kd, head: ctr, kind: pairwise-logistic, target: probability }]",
    "negatives={ kind: stored, count: 2 }",
  ],
  ListMLE: ["distill=[{ name: kd, head: ctr, kind: list-mle }]", "negatives={ kind: stored, count: 2 }"],
};

const settings = (sets: readonly string[], store: string): ResolvedConfig =>
  readRunConfig(at("distill.yaml"), [
    `scores.store=${store}`,
    "start={ encoding: teacher, extend: false }",
    "train.epochs=20",
    ...sets,
  ]);

describe.each(Object.entries(TERMS))("%s: the stored-score step and the online step", (name, sets) => {
  it("give the same student, bit for bit, over 100 steps (float32)", async () => {
    const online = await studentAfter(settings(sets, "store"), "online");
    expect(await studentAfter(settings(sets, "store"), "store")).toEqual(online);
  });

  it("give the same student within rounding (float16)", async () => {
    // Adam would make a whole step of a small gradient whose sign turns.
    const plain = [...sets, "train.student={ rate: 0.05, dense: { kind: sgd }, table: { kind: sgd } }"];
    const online = await studentAfter(settings(plain, "store"), "online");
    const half = await studentAfter(settings(plain, "half"), "store");
    const start = await studentAfter(settings(plain, "store"), "online", 0);
    expect(half).not.toEqual(online);
    // An order has no small errors: scores that are almost equal are equal half floats, and change places.
    const allowed = name === "ListMLE" ? 0.1 : 0.01;
    expect(distance(half, online) / distance(online, start)).toBeLessThan(allowed);
  });
});

/** Euclidean distance over all parameters. */
function distance(a: Readonly<Record<string, Float32Array>>, b: Readonly<Record<string, Float32Array>>): number {
  let sum = 0;
  for (const [name, values] of Object.entries(a))
    for (const [i, value] of values.entries()) sum += (value - b[name]![i]!) ** 2;
  return Math.sqrt(sum);
}

describe("a frozen run that teaches online, from a configuration", () => {
  it("gives the student that its stored scores give", async () => {
    const sets = ["train.epochs=15", "distill=[{ name: kd, head: ctcvr, kind: bernoulli-kl }]"];
    await finishRun(at("distill.yaml"), at("stored"), {
      native,
      sets: [...sets, "start={ encoding: teacher, extend: false }"],
    });
    const frozen = readRunConfig(at("student.yaml"), [...sets, "frozen.run=teacher"]);
    const online = await finishRun(at("student.yaml"), at("online"), { native, resolved: frozen });
    expect(online.models.teacher!.fingerprint).toBe((await openIdentity()).weights);
    const checkpoint = async (run: string): Promise<string> => (await findCheckpoint(runFolder(at(run)), "latest"))!;
    const { readSafetensors } = await import("../../src/run/formats/safetensors-read.ts");
    const [a, b] = await Promise.all(
      ["stored", "online"].map(async (run) => readSafetensors(join(await checkpoint(run), "model.safetensors"))),
    );
    for (const [name, tensor] of a!.tensors) expect(b!.tensors.get(name), name).toEqual(tensor);
    expect([...b!.tensors.keys()].some((name) => name.startsWith("teacher/"))).toBe(true);
  });
});

async function openIdentity() {
  const { identity, program } = await openTeacher(at("teacher"), { native });
  program.close();
  return identity;
}
