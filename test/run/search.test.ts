import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ablationConfig } from "../../src/run/ablation/ablation-config.ts";
import { drawCandidates, halve, planSearch, validationValue } from "../../src/run/ablation/search.ts";
import { finishRun, nativeEngine, writeSmallRun } from "./small-run.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-search-"));
  file = writeSmallRun(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SEARCH = {
  space: { "train.student.rate": { from: 0.001, to: 0.1, scale: "log" }, "distill.0.temperature": [1, 2, 4] },
  ...{ candidates: 8, rungs: [1, 2], metric: "student/recall@5" },
};
const configOf = (more: object = {}, set: object = {}) =>
  ablationConfig.parse({ base: "run.yaml", set, metrics: ["student/recall@5"], search: { ...SEARCH, ...more } });

describe("drawCandidates", () => {
  it("draws within the space, evenly in logs, the same for the same seed, and no two alike", () => {
    const drawn = drawCandidates(configOf({ candidates: 300 }).search!);
    const rates = drawn.map((settings) => settings["train.student.rate"] as number);
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(0.001);
    expect(Math.max(...rates)).toBeLessThanOrEqual(0.1);
    const below = rates.filter((rate) => rate < 0.01).length;
    expect(below).toBeGreaterThan(120);
    expect(below).toBeLessThan(180);
    expect(drawCandidates(configOf({ candidates: 300 }).search!)).toEqual(drawn);
    expect(drawCandidates(configOf({ candidates: 300, seed: 2 }).search!)).not.toEqual(drawn);
    const few = drawCandidates(configOf({ space: { "distill.0.temperature": [1, 2, 4] } }).search!);
    expect(few.map((settings) => settings["distill.0.temperature"]).toSorted()).toEqual([1, 2, 4]);
  });
});

describe("halve", () => {
  it("stops the worse half at each rung, failures first, and ranks by the metric's direction", async () => {
    const asked: string[] = [];
    const worth = [5, 1, 4, null, 3];
    const search = { rungs: [1, 3], keep: 0.5, metric: "student/ctr/logloss" };
    const result = await halve(
      worth.map((value) => ({ value })),
      search,
      async (name, { value }, epoch) => {
        asked.push(`${name}@${epoch}`);
        return value === null ? null : (value as number) / epoch;
      },
    );
    expect(asked).toEqual([
      ...[1, 2, 3, 4, 5].map((i) => `candidate-${i}@1`),
      "candidate-2@3",
      "candidate-5@3",
      "candidate-3@3",
    ]);
    expect(result.candidates.map(({ name, stoppedAfter, values }) => [name, stoppedAfter, values.length])).toEqual([
      ["candidate-2", null, 2],
      ["candidate-5", null, 2],
      ["candidate-3", 3, 2],
      ["candidate-1", 1, 1],
      ["candidate-4", 1, 1],
    ]);
  });
});

describe("planSearch", () => {
  it("refuses what it could not judge, before anything runs", () => {
    const without = { "data.split": { by: "expression", train: "day < 8", test: "day == 9" } };
    expect(() => planSearch(file, configOf({}, without))).toThrow(
      "search: base must have a validation part, got none; a search must not look at the test part",
    );
    expect(() => planSearch(file, configOf({ rungs: [1, 3] }))).toThrow(
      "search.rungs: must be below train.epochs 3, got 3",
    );
    expect(() => planSearch(file, configOf({ rungs: [1] }, { "evaluate.every": 2 }))).toThrow(
      "search.rungs: must be epochs that are evaluated (evaluate.every: 2), got 1",
    );
    expect(() => planSearch(file, configOf({ space: { "train.student.rtae": [1] } }))).toThrow(
      'variant "candidate-1": --set train.student: unknown key "rtae"; did you mean "rate"?',
    );
    expect(() => planSearch(file, configOf({ metric: "student/recal@5" }))).toThrow("did you mean recall?");
  });
});

describe("validationValue", () => {
  const records = [
    { step: 1, "loss/total": 2 },
    { step: 2, "val/student/auc": 0.6 },
    { step: 4, "val/student/auc": null },
  ];
  it("reads the n-th validation, the last one where patience ended the run, and names the nearest metric", () => {
    expect(validationValue(records, "student/auc", 1)).toBe(0.6);
    expect(validationValue(records, "student/auc", 2)).toBeNull();
    expect(validationValue(records, "student/auc", 9)).toBeNull();
    expect(validationValue([], "student/auc", 1)).toBeNull();
    expect(() => validationValue(records, "student/acu", 1)).toThrow(
      'search.metric: must be measured on the validation part, got "student/acu"; did you mean "student/auc"?',
    );
  });
});

describe("pauseAfter", () => {
  it("stops after the epoch without looking at the test part, and goes on to the same weights", {
    timeout: 60_000,
  }, async () => {
    const native = await nativeEngine();
    const options = { native, sets: ["train.epochs=2"] };
    const paused = await finishRun(file, join(folder, "paused"), { ...options, pauseAfter: 1 });
    expect([paused.reason, paused.test]).toEqual(["interrupted", undefined]);
    const log = readFileSync(join(folder, "paused", "metrics.jsonl"), "utf8");
    expect(log.match(/"val\/student\/recall@5"/g)).toHaveLength(1);
    const resumed = await finishRun(file, join(folder, "paused"), { ...options, resume: true });
    const whole = await finishRun(file, join(folder, "whole"), options);
    expect([resumed.reason, resumed.steps, resumed.test]).toEqual([whole.reason, whole.steps, whole.test]);
    const weights = (run: string) =>
      readFileSync(join(folder, run, `checkpoints/step-000000${whole.steps}/model.safetensors`));
    expect(weights("paused").equals(weights("whole"))).toBe(true);
  });
});
