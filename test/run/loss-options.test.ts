// What a configuration may say beside the kind of a loss: schedules, learned weights, stages, balancing, where negatives
// and scores come from.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeBatch } from "../../src/data/make-batch.ts";
import type { NativeEngine } from "../../src/engine/native.ts";
import { batchSpecOf } from "../../src/run/batch-spec.ts";
import { diagnose } from "../../src/run/diagnose.ts";
import type { RunNotice } from "../../src/run/execute-run.ts";
import { termInputs } from "../../src/run/term-inputs.ts";
import { finishRun, nativeEngine, smallData } from "./small-run.ts";
import { distilled, openTerms, PLAIN, withStudent, withTrain, writeConfig, type Yaml } from "./term-setting.ts";

let native: NativeEngine | undefined;
let folder: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-options-"));
  writeFileSync(join(folder, "data.csv"), smallData());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Noticed<K extends RunNotice["kind"]> = Extract<RunNotice, { readonly kind: K }>;

/** Runs a configuration; the notices of one kind. */
async function noticesOf<K extends RunNotice["kind"]>(given: Yaml, out: string, kind: K): Promise<Noticed<K>[]> {
  const notices: Noticed<K>[] = [];
  const onNotice = (notice: RunNotice): void => {
    if (notice.kind === kind) notices.push(notice as Noticed<K>);
  };
  await finishRun(writeConfig(folder, given), join(folder, out), { native, onNotice });
  return notices;
}

describe("weights and temperatures", () => {
  it("follow their schedules, step by step", async () => {
    const weight = {
      kind: "joined",
      parts: [
        { schedule: { kind: "warm-up", value: 2, steps: 4 }, steps: 6 },
        { schedule: { kind: "step", value: 1, every: 3, factor: 0.5 } },
      ],
    };
    const given = distilled({
      kind: "bernoulli-kl",
      weight,
      temperature: { kind: "linear", from: 4, to: 1, steps: 8 },
    });
    const steps = await noticesOf(given, "schedules", "step");
    const expected = [0, 0.5, 1, 1.5, 2, 2, 1, 1, 1, 0.5, 0.5, 0.5, 0.25];
    expected.forEach((share, i) => {
      expect(steps[i]!.loss).toBeCloseTo(share * steps[i]!.parts["distill/term"]!, 6);
    });
    const { config } = await openTerms(folder, given, native);
    const temperatures = [0, 4, 8, 100].map((step) => termInputs(config, { step })["temperature/distill/term"]);
    expect(temperatures).toEqual([4, 2.5, 1, 1]);
  });

  it("are learned by uncertainty: loss / (2 sigma^2) + log sigma, logged as they are", async () => {
    const given = distilled({ kind: "bernoulli-kl", weight: { kind: "uncertainty", initial: -1 } });
    const steps = await noticesOf(given, "uncertainty", "step");
    const learned = steps.map(({ parts }) => parts["learnedWeight/distill/term"]!);
    expect(learned[0]).toBeCloseTo(Math.E / 2, 5);
    expect(learned.at(-1)).not.toBeCloseTo(learned[0]!, 2);
    steps.forEach(({ loss, parts }, i) => {
      // log sigma^2 = -log(2 w)
      expect(loss).toBeCloseTo(learned[i]! * parts["distill/term"]! - Math.log(2 * learned[i]!) / 2, 5);
    });
  });
});

describe("stages", () => {
  it("switch terms on when the one before has ended: Que2Search's curriculum", async () => {
    const given = withTrain(
      withStudent(PLAIN, {
        losses: [
          { kind: "in-batch-softmax", label: "good" },
          { kind: "in-batch-hinge", label: "good", stages: ["margin"] },
        ],
      }),
      { stages: [{ name: "softmax", until: { kind: "steps", steps: 5 } }, { name: "margin" }] },
    );
    const out = "stages";
    const notices: RunNotice[] = [];
    await finishRun(writeConfig(folder, given), join(folder, out), {
      native,
      onNotice: (notice) => notices.push(notice),
    });
    expect(notices.filter(({ kind }) => kind === "stage")).toMatchObject([{ name: "margin", step: 5 }]);
    for (const notice of notices) {
      if (notice.kind !== "step") continue;
      const { "student/in-batch-softmax/good": softmax, "student/in-batch-hinge/good": hinge } = notice.parts;
      expect(notice.loss).toBeCloseTo(notice.step <= 5 ? softmax! : softmax! + hinge!, 5);
    }
  });
});

describe("the gradients of terms", () => {
  const SGD = { dense: { kind: "sgd" }, rate: 1 };
  const given = withTrain(
    withStudent(distilled({ kind: "list-kl", weight: 3 }), {
      embeddings: { default: 4, deviation: 0.5, update: "dense" },
      losses: [
        { kind: "binary-cross-entropy", label: "good" },
        { kind: "bpr", label: "good", weight: 0.5 },
      ],
    }),
    { student: SGD, diagnose: { every: 4 }, epochs: 1 },
  );

  it("are measured as they are: their norms, and the cosine of labels and distillation", async () => {
    const names = ["student/binary-cross-entropy/good", "student/bpr/good", "distill/term"];
    /** The gradient of some terms: what plain descent with rate 1 takes off the student's parameters. */
    const gradientOf = async (wanted: readonly string[]): Promise<number[]> => {
      const { config, dataset, program } = await openTerms(folder, given, native);
      const inputs = Object.fromEntries(
        Object.entries(termInputs(config, { step: 0 })).map(([name, value]) => [
          name,
          wanted.some((term) => name === `weight/${term}`) ? value : 0,
        ]),
      );
      const student = program.variables.filter(({ name, role }) => role === "parameter" && name.startsWith("student/"));
      const before = student.map(({ name }) => [...program.read(name)]);
      const batch = makeBatch(dataset, batchSpecOf(config, dataset), 0, 0);
      program.train("train", { batch, rates: { student: { dense: 1 }, teacher: { dense: 0 } }, inputs });
      const gradient = student.flatMap(({ name }, i) => [...program.read(name)].map((x, j) => before[i]![j]! - x));
      program.close();
      return gradient;
    };
    const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
    const gradients = await Promise.all(names.map((name) => gradientOf([name])));
    const hard = await gradientOf(names.slice(0, 2));
    const [distill] = gradients.slice(-1) as [number[]];

    const { config, dataset, program } = await openTerms(folder, given, native);
    const before = program.variables.map(({ name }) => [...program.read(name)]);
    const batch = makeBatch(dataset, batchSpecOf(config, dataset), 0, 0);
    const { norms, cosine } = diagnose(
      program,
      config,
      { batch, rates: {}, inputs: termInputs(config, { step: 0 }) },
      1,
    );
    expect(program.variables.map(({ name }) => [...program.read(name)])).toEqual(before);
    program.close();
    names.forEach((name, i) => {
      expect(norms[name]).toBeCloseTo(Math.sqrt(dot(gradients[i]!, gradients[i]!)), 4);
    });
    expect(cosine).toBeCloseTo(dot(hard, distill) / Math.sqrt(dot(hard, hard) * dot(distill, distill)), 4);
  });

  it("are reported on request, and change no bit of the training", async () => {
    const notices: RunNotice[] = [];
    const onNotice = (notice: RunNotice): void => void notices.push(notice);
    await finishRun(writeConfig(folder, given), join(folder, "diagnosed"), { native, onNotice });
    expect(
      notices.flatMap(({ kind, ...rest }) => (kind === "diagnosis" ? [(rest as { step: number }).step] : [])),
    ).toEqual([4, 8, 12]);
    const measured = notices.filter((notice) => notice.kind === "step");
    const plain = await noticesOf(withTrain(given, { diagnose: undefined }), "undiagnosed", "step");
    expect(measured.map(({ loss }) => loss)).toEqual(plain.map(({ loss }) => loss));
  });

  it("are made alike by balancing", async () => {
    const balance = { every: 1, alpha: 0, rate: 1 };
    const slowly = { student: { ...SGD, rate: 0.001 }, diagnose: { every: 1 } };
    const steps = await noticesOf(withTrain(given, { balance, ...slowly }), "balanced", "diagnosis");
    const spread = (norms: Readonly<Record<string, number>>): number =>
      Math.max(...Object.values(norms)) / Math.min(...Object.values(norms));
    const first = spread(steps[0]!.norms);
    expect(first).toBeGreaterThan(4);
    for (const { norms } of steps.slice(1)) expect(spread(norms)).toBeLessThan(first / 2);
    const factors = Object.values(steps.at(-1)!.state.balance!.factors);
    expect(factors.reduce((product, factor) => product * factor, 1)).toBeCloseTo(1, 6);
  });
});
