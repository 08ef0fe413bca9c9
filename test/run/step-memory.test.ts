import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset } from "../../src/data/open-dataset.ts";
import { createProgram, variableShares } from "../../src/engine/program.ts";
import { ConfigError } from "../../src/errors.ts";
import { spaceLength } from "../../src/run/cascade/phase-memory.ts";
import { readRunConfig } from "../../src/run/config/run-config.ts";
import { buildModels } from "../../src/run/models.ts";
import { profileRun } from "../../src/run/profile-run.ts";
import { layerBytes, stepShares } from "../../src/run/step-memory.ts";
import { buildEntries } from "../../src/run/steps.ts";
import { finishCascade, writeSmallCascade } from "./small-cascade.ts";
import { finishRun, nativeEngine, writeSmallRun } from "./small-run.ts";

let folder: string;
let config: string;
beforeAll(async () => {
  await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-memory-"));
  config = writeSmallRun(join(folder, "config"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const prepare = async (sets: readonly string[]) => {
  const { config: run, folder: baseDir } = readRunConfig(config, sets);
  const dataset = await openDataset(run.data, { baseDir });
  return { run, dataset, models: buildModels(run, dataset) };
};

describe("stepShares", () => {
  it("counts every layer's numbers for each pair of the batch, towers of users once a row", async () => {
    const { run, dataset, models } = await prepare(["train.batchSize=64"]);
    // Lists of 3. Teacher: 2 experts of 8, 2 x 2 gates, 2 towers of 1. Student: 4 a user and 4 an item.
    // Each three times: product, with bias, gradient.
    const teacher = 3 * 64 * 3 * (2 * 8 + 2 * 2 + 2 * 1) * 4;
    const student = 3 * (64 * 4 + 64 * 3 * 4) * 4;
    expect(stepShares(run, models, dataset)).toEqual([
      { name: "teacher on 64 x 3 pairs", bytes: teacher },
      { name: "student on 64 x 3 pairs", bytes: student },
    ]);
    expect(layerBytes(models.student!.parameters, { rows: 1, length: 1 })).toBe(3 * 32);
    expect(layerBytes(models.student!.parameters, { rows: 1, length: 1 }, "frozen")).toBe(2 * 32);
  });

  it("stays below what a step makes, and within a few times of it where layers are wide", async () => {
    const experts = "teacher.experts={ count: 8, units: [256, 128] }";
    const changes = ["train.batchSize=64", experts, "student.userUnits=[128]", "student.itemUnits=[128]"];
    const { run, dataset, models } = await prepare(changes);
    const estimate = stepShares(run, models, dataset).reduce((sum, { bytes }) => sum + bytes, 0);
    const { startUp } = await profileRun(readRunConfig(config, changes), { native: (await nativeEngine())!, steps: 1 });
    expect(estimate).toBeLessThan(startUp.capture.bytes);
    expect(estimate).toBeGreaterThan(startUp.capture.bytes / 5);
  });

  it("counts the matrix of in-batch losses, and what they know in each batch that is prepared", async () => {
    const losses = (mask: boolean) => `student.losses=[{ kind: in-batch-softmax, label: top, maskKnown: ${mask} }]`;
    const last = async (sets: readonly string[]) => {
      const { run, dataset, models } = await prepare([...sets, "inBatch={ uniform: 100 }", "negatives=null"]);
      return stepShares(run, models, dataset).slice(2);
    };
    const matrix = { name: "in-batch scores of 64 x 164", bytes: 3 * 64 * 164 * 4 };
    expect(await last([losses(false)])).toEqual([matrix]);
    const known = (prepared: number) => ({
      name: `known pairs of a step and ${prepared} prepared`,
      bytes: (prepared + 1) * 64 * 164 * 4,
    });
    expect(await last([losses(true), "train.workers=0"])).toEqual([matrix, known(1)]);
    expect(await last([losses(true), "train.workers=1"])).toEqual([matrix, known(5)]);
    const threeSteps = ["train.workers=1", "train.epochs=1", "data.split.train=day < 3"];
    expect(await last([losses(true), ...threeSteps])).toEqual([matrix, known(3)]);
  });

  it("counts no known pairs for a memory bank, and no batches behind the next ranking", async () => {
    const { run, dataset, models } = await prepare([
      "student.losses=[{ kind: in-batch-softmax, label: top, maskKnown: true }]",
      "inBatch={ uniform: 100, bank: { size: 36 } }",
      "negatives={ kind: rank-window, by: student, from: 1, to: 5, count: 2, refresh: 1 }",
      "train.workers=1",
      "train.batchSize=256",
    ]);
    expect(stepShares(run, models, dataset).slice(2)).toEqual([
      { name: "in-batch scores of 256 x 392", bytes: 3 * 256 * 392 * 4 },
      { name: "known pairs of a step and 2 prepared", bytes: 3 * 256 * 356 * 4 },
    ]);
  });
});

describe("variableShares", () => {
  it("counts parameters and optimiser state", async () => {
    const { run, models } = await prepare([]);
    const program = createProgram(models.parameters, buildEntries(run, models));
    const shares = variableShares(program.variables);
    program.close();
    const bytes = new Map(shares.map((share) => [share.name, share.bytes]));
    expect(bytes.get("student/user/embedding/user")).toBe((30 + 2) * 4 * 4);
    const slots = shares.filter(({ name }) => name.startsWith("train/student/user/embedding/user/"));
    expect(slots.length).toBeGreaterThan(0);
    expect(() => createProgram(models.parameters, buildEntries(run, models), { memoryLimit: 1000 })).toThrow(
      /^parameters and optimiser state: memory must hold [\d.]+ KiB at least \(.*\), got 1000 B in all; make tables narrower/,
    );
  });
});

describe("what cannot fit is refused before it is begun", () => {
  const tooMuch = async (name: string, sets: readonly string[], message: RegExp): Promise<void> => {
    const out = join(folder, name);
    const started = performance.now();
    const failed = finishRun(config, out, { sets });
    await expect(failed).rejects.toThrow(ConfigError);
    await expect(failed).rejects.toThrow(message);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(readdirSync(out)).toEqual([]);
  };

  it("tables of embeddings with their optimiser state", async () => {
    const vocabulary = "data.columns.item.vocabulary={ kind: hashed, rows: 2000000000 }";
    await tooMuch(
      "tables",
      [vocabulary, "student.embeddings.default=4096"],
      /parameters and optimiser state: memory must hold [\d.]+ TiB at least \((train\/)?student\/item\/embedding\/item/,
    );
  });

  it("a batch of lists", async () => {
    await tooMuch(
      "lists",
      ["train.batchSize=1048576", "negatives={ kind: random, count: 10000 }", "teacher.experts.units=[4096]"],
      /train\.batchSize: memory must hold [\d.]+ TiB at least \(teacher on 1048576 x 10001 pairs .*\), got .*; make the batch or its lists smaller/,
    );
  });

  it("an in-batch matrix", async () => {
    await tooMuch(
      "matrix",
      [
        "train.batchSize=1048576",
        "negatives=null",
        "student.losses=[{ kind: in-batch-softmax, label: top }]",
        "inBatch={ uniform: 1048576 }",
        "distill=[{ name: kd, head: ctcvr, kind: bernoulli-kl }]",
      ],
      /in-batch scores of 1048576 x 2097152 24\.0 TiB/,
    );
  });

  it("lists and phases of a cascade", async () => {
    const cascade = await writeSmallCascade(join(folder, "cascade"));
    const out = join(folder, "cascade-run");
    const large = (sets: readonly string[]) => finishCascade(cascade, out, { sets });
    await expect(
      large(["spaces.pool={ kind: ranked, stage: recall, uniform: 1000000, requests: 1000000 }"]),
    ).rejects.toThrow(/spaces: memory must hold [\d.]+ TiB at least \(pool, 1000000 x 10000\d\d items/);
    await expect(large(["spaces.exposed={ kind: in-batch, batchSize: 1000000 }"])).rejects.toThrow(
      /phase warm: memory must hold [\d.]+ TiB at least \(rank on 1000000 x 1000000 pairs/,
    );
  });
});

describe("spaceLength", () => {
  it("is what a batch of the space has for each row, at least", () => {
    const config = { stages: [{ name: "recall", passes: 16 }] } as unknown as Parameters<typeof spaceLength>[1];
    const length = (space: object, numItems = 1000) =>
      spaceLength(space as Parameters<typeof spaceLength>[0], config, numItems);
    expect(length({ kind: "rows" })).toBe(1);
    expect(length({ kind: "rows", negatives: [{ count: 2 }, { count: 3 }] })).toBe(6);
    expect(length({ kind: "ranked", stage: "recall", from: 4, uniform: 8 })).toBe(20);
    expect(length({ kind: "ranked", stage: "recall", from: 0, to: 500, uniform: 8 }, 100)).toBe(108);
    expect(length({ kind: "random", count: 50 }, 20)).toBe(20);
    expect(length({ kind: "in-batch", batchSize: 32 })).toBe(32);
  });
});
