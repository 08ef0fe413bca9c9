// Every kind of loss is reached from a configuration, and teaches the student.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { Program, StepReport } from "../../src/engine/program.ts";
import { DISTILL_KINDS } from "../../src/run/config/distill-config.ts";
import { HARD_KINDS } from "../../src/run/config/hard-loss-config.ts";
import { nativeEngine, smallData } from "./small-run.ts";
import { distilled, labelled, openTerms, type Yaml } from "./term-setting.ts";

let native: NativeEngine | undefined;
let folder: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-kinds-"));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "data.csv"), smallData());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STEPS = 24;
const parameters = (program: Program, model: string): Float32Array[] =>
  program.variables
    .filter(({ name, role }) => role === "parameter" && name.startsWith(`${model}/`))
    .map(({ name }) => program.read(name).slice() as Float32Array);

/** Mean of a term over some steps. */
const meanOf = (reports: readonly StepReport[], term: string): number =>
  reports.reduce((sum, { parts }) => sum + parts[term]!, 0) / reports.length;

/** Trains on one batch: the term falls, by the student's parameters alone. */
async function expectTaught(given: Yaml, term: string): Promise<void> {
  const { program, steps } = await openTerms(folder, given, native);
  try {
    const [teacher, student] = ["teacher", "student"].map((model) => parameters(program, model));
    const reports = steps(STEPS);
    for (const { loss, parts } of reports) expect([loss, parts[term]].every(Number.isFinite)).toBe(true);
    expect(meanOf(reports.slice(-4), term)).toBeLessThan(meanOf(reports.slice(0, 4), term));
    expect(parameters(program, "student")).not.toEqual(student);
    expect(parameters(program, "teacher")).toEqual(teacher);
    expect(program.executor).toBe(native === undefined ? "eager" : "replay");
  } finally {
    program.close();
  }
}

const CUT = { selected: 4, relevant: 2 };
const DISTILLED: readonly Yaml[] = [
  { kind: "bernoulli-kl", temperature: 2 },
  { kind: "bernoulli-kl", direction: "jensen-shannon" },
  { kind: "soft-cross-entropy" },
  { kind: "logit-mse" },
  { kind: "probability-mse" },
  { kind: "affine-mse" },
  { kind: "collaborative-distillation" },
  { kind: "position-weighted", topK: 3, positionWeights: { kind: "exponential", decay: 2 } },
  { kind: "ranking-distillation", topK: 3, discrepancy: {} },
  { kind: "calibrated-listwise" },
  { kind: "pairwise-hinge", margin: "teacher-gap" },
  { kind: "pairwise-hinge", pairs: { top: 2, tail: 3 }, hardestFraction: 0.5 },
  { kind: "pairwise-logistic", target: "weighted" },
  { kind: "margin-mse" },
  { kind: "list-kl", temperature: 2 },
  { kind: "list-kl", space: "sampled", direction: "student-first" },
  { kind: "list-net" },
  { kind: "list-mle", topK: 4, positionWeights: { kind: "logarithmic" } },
  { kind: "rank-distil", orders: 8, topK: 3 },
  { kind: "relaxed-ranking", interesting: 3 },
  { kind: "rank-position" },
  { kind: "rank-position", positionWeights: { kind: "exponential", decay: 2 } },
  { kind: "tutor-learning", topK: 3 },
  { kind: "relaxed-recall", ...CUT },
  { kind: "global-order", sort: "soft-sort" },
  { kind: "adaptive-ranking", ...CUT },
  { kind: "stage-recall", ...CUT },
  { kind: "hint-mse" },
  { kind: "hint-cosine", head: "ctr" },
  { kind: "distillation-experts", experts: 3, temperature: { kind: "exponential", from: 1, to: 0.1, steps: 20 } },
];

const SAMPLED = { negatives: { kind: "random", count: 4 } };
const HARD: readonly (readonly [loss: Yaml, changed: Yaml])[] = [
  [{ kind: "binary-cross-entropy" }, SAMPLED],
  [{ kind: "in-batch-softmax" }, {}],
  [{ kind: "in-batch-softmax", logQ: "corrected", scale: 10 }, {}],
  [{ kind: "in-batch-softmax", logQ: "partial", symmetric: true }, {}],
  [{ kind: "in-batch-softmax", logQ: "negatives-only", hardest: 5 }, { inBatch: { uniform: 9 } }],
  [{ kind: "in-batch-softmax" }, { inBatch: { bank: { size: 64 } } }],
  [{ kind: "in-batch-hinge", margin: 0.3 }, {}],
  [{ kind: "in-batch-logistic", hardest: 3, reduction: "mean", sharpness: 4 }, {}],
  [{ kind: "hinge", margin: 0.4 }, SAMPLED],
  [{ kind: "logistic", on: "logits", hardest: 2 }, SAMPLED],
  [{ kind: "bpr" }, SAMPLED],
  [{ kind: "softmax", logQ: "classic" }, { negatives: { kind: "frequency", count: 4, power: 0.75 } }],
  [{ kind: "softmax", scale: 8 }, { negatives: [{ kind: "exposed", count: 2, label: "good" }, SAMPLED.negatives] }],
];

const title = (given: Yaml): string => JSON.stringify(given).replaceAll('"', "");

describe("a distillation term", () => {
  it("has a row here for every kind of the library", () => {
    expect([...new Set(DISTILLED.map(({ kind }) => kind)), "own"]).toEqual(DISTILL_KINDS);
  });

  it.each(DISTILLED.map((term) => [title(term), term] as const))("%s teaches the student from YAML", (_, term) =>
    expectTaught(distilled(term), "distill/term"),
  );

  it("of point-wise kinds needs no candidates", () =>
    expectTaught(distilled({ kind: "bernoulli-kl" }, { negatives: undefined }), "distill/term"));

  it("learns from two heads fused", () =>
    expectTaught(distilled({ kind: "list-kl", head: { fuse: { ctr: 0.5, ctcvr: 1 } } }), "distill/term"));
});

describe("a loss on labels", () => {
  it("has a row here for every kind", () => {
    expect([...new Set(HARD.map(([{ kind }]) => kind))]).toEqual(HARD_KINDS);
  });

  it.each(HARD.map(([loss, changed]) => [title({ ...loss, ...changed }), loss, changed] as const))(
    "%s teaches the student from YAML",
    (_, loss, changed) => expectTaught(labelled(loss, changed), `student/${String(loss.kind)}/good`),
  );
});
