import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { ratesOf } from "../../src/run/optimisers.ts";
import { finishRun, nativeEngine, writeSmallRun } from "./small-run.ts";

let native: NativeEngine | undefined;
let folder: string;
let config: string;
beforeAll(async () => {
  native = await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-rates-"));
  config = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COSINE = "train.student.rate={ kind: cosine, from: 0.01, to: 0, steps: 18 }";

async function trained(name: string, ...sets: readonly string[]) {
  const out = join(folder, name);
  const result = await finishRun(config, out, { native, sets });
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n");
  const steps = lines.map((line) => JSON.parse(line)).filter((line) => "loss/total" in line);
  return { result, steps: steps as readonly Readonly<Record<string, number>>[] };
}

describe("a learning rate that follows a schedule", () => {
  it("is that of the step, and is logged", async () => {
    const { steps } = await trained("cosine", COSINE);
    expect(steps.map((line) => line["rate/teacher"])).toEqual(steps.map(() => 0.01));
    const expected = steps.map(({ step }) => 0.005 * (1 + Math.cos((Math.PI * Math.min(step! - 1, 18)) / 18)));
    for (const [i, line] of steps.entries()) expect(line["rate/student"]).toBeCloseTo(expected[i]!, 12);
  });

  it("is what the student is trained with", async () => {
    const plain = await trained("plain");
    const constant = await trained("step", "train.student.rate={ kind: step, value: 0.01, every: 1000, factor: 0.5 }");
    const losses = ({ steps }: typeof plain) => steps.map((line) => line["loss/total"]);
    expect(losses(constant)).toEqual(losses(plain));
    const halved = await trained("halved", "train.student.rate={ kind: step, value: 0.01, every: 2, factor: 0.5 }");
    expect(losses(halved).slice(0, 3)).toEqual(losses(plain).slice(0, 3)); // the third step's loss comes before its update
    expect(losses(halved)[3]).not.toBe(losses(plain)[3]);
  });

  it("goes on where a resumed run begins", async () => {
    const out = join(folder, "resumed");
    await finishRun(config, out, { native, sets: [COSINE], pauseAfter: 1 });
    const resumed = await finishRun(config, out, { native, sets: [COSINE], resume: true });
    expect(resumed.test).toEqual(JSON.parse(readFileSync(join(folder, "cosine", "result.json"), "utf8")).test);
  });

  it("holds for tables by itself, or as the group's", () => {
    const sets = ["train.student.tableRate={ kind: warm-up, value: 0.5, steps: 4 }"];
    const { student, teacher } = ratesOf(readRunConfig(config, [COSINE, ...sets]).config, 1);
    expect(student!.table).toBe(0.125);
    expect(student!.dense).toBeLessThan(0.01);
    expect(teacher).toEqual({ dense: 0.01, table: 0.01 });
    const half = ratesOf(readRunConfig(config, [COSINE]).config, 9).student!;
    expect(half.dense).toBeCloseTo(0.005, 12);
    expect(half.table).toBe(half.dense);
  });
});

describe("a learning rate that is none", () => {
  it.each([
    ["-1", "train.student.rate: Too small: expected number to be >0"],
    ["fast", "train.student.rate: must be a number > 0, or a schedule: a map with kind"],
    ["{ kind: cosin, from: 1, to: 0, steps: 2 }", 'did you mean "cosine"?'],
    ["{ kind: cosine, from: 1, to: -1, steps: 2 }", "train.student.rate.to:"],
    ["{ kind: cosine, from: 1, to: 0 }", "train.student.rate.steps:"],
  ])("is refused: %s", (value, message) => {
    expect(() => readRunConfig(config, [`train.student.rate=${value}`])).toThrow(message);
  });
});
