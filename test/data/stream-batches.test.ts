import { describe, expect, it } from "vitest";
import type { BatchSpec } from "../../src/data/batch.ts";
import { openBatchPool, wholeArray } from "../../src/data/batch-pool.ts";
import { makeBatch } from "../../src/data/make-batch.ts";
import { type PlacedBatch, type StreamOptions, streamBatches } from "../../src/data/stream-batches.ts";
import { ConfigError } from "../../src/errors.ts";
import { openSample, type SampleRow } from "./random-dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const rows = Array.from(
  { length: 41 },
  (_, i): SampleRow => ["abcd"[i % 4]!, "pqrstv"[(i * 5) % 6]!, i % 2, i % 9, "x|y", 0],
);
const dataset = await openSample(folder, rows);
const spec: BatchSpec = {
  rows: dataset.parts.train,
  size: 8,
  shuffle: true,
  seed: 3,
  labels: ["click"],
  negatives: { kind: "frequency", count: 2, excludeKnown: false },
};

async function collect(options: StreamOptions): Promise<PlacedBatch[]> {
  const batches: PlacedBatch[] = [];
  for await (const placed of streamBatches(dataset, spec, options)) batches.push(placed);
  return batches;
}

const threads = (): number => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;

describe("streamBatches", () => {
  it("gives the same batches in the same order for 0, 1 and 2 workers", async () => {
    const alone = await collect({ epochs: 3, workers: 0 });
    expect(alone.map(({ epoch, index }) => [epoch, index])).toEqual(
      [0, 1, 2].flatMap((epoch) => [0, 1, 2, 3, 4, 5].map((index) => [epoch, index])),
    );
    expect(alone.at(-1)!.batch).toEqual(makeBatch(dataset, { ...spec }, 2, 5));
    expect(await collect({ epochs: 3, workers: 1 })).toEqual(alone);
    expect(await collect({ epochs: 3, workers: 2, ahead: 1 })).toEqual(alone);
    expect(await collect({ epochs: 3, workers: 2, ahead: 50 })).toEqual(alone);
  });

  it("goes on from any place with the batches that would have come", async () => {
    const whole = await collect({ epochs: 3, workers: 0 });
    for (const workers of [0, 1] as const) {
      expect(await collect({ from: { epoch: 1, index: 4 }, epochs: 3, workers })).toEqual(whole.slice(10));
    }
    expect(await collect({ from: { epoch: 2, index: 6 }, epochs: 3, workers: 1 })).toEqual([]);
    expect(await collect({ epochs: 0, workers: 1 })).toEqual([]);
  });

  it("gives batches that are the caller's own", async () => {
    for await (const { batch, index } of streamBatches(dataset, spec, { epochs: 1, workers: 1 })) {
      for (const { data } of Object.values(batch)) data.fill(-1);
      if (index === 2) break;
    }
    expect((await collect({ epochs: 1, workers: 1 }))[0]!.batch).toEqual(makeBatch(dataset, spec, 0, 0));
  });

  it("stops its workers when the loop is left, by break or by an error", async () => {
    const before = threads();
    for await (const placed of streamBatches(dataset, spec, { epochs: 50, workers: 2 })) {
      expect(threads()).toBeGreaterThan(before);
      if (placed.index === 1) break;
    }
    expect(threads()).toBe(before);
    const failing = async (): Promise<void> => {
      for await (const { index } of streamBatches(dataset, spec, { epochs: 5, workers: 2 })) {
        if (index === 2) throw new Error("the step failed");
      }
    };
    await expect(failing()).rejects.toThrow("the step failed");
    expect(threads()).toBe(before);
  });

  it.each([0, 1] as const)("throws what is wrong with the spec as it is, with %i workers", async (workers) => {
    const wrong = { ...spec, labels: ["clik"] };
    const attempt = streamBatches(dataset, wrong, { epochs: 1, workers }).next();
    await expect(attempt).rejects.toThrow(ConfigError);
    await expect(attempt).rejects.toThrow('labels must be among click, seen, got "clik"; did you mean "click"?');
  });

  it("restores the length of a view that was cut on its way", () => {
    const whole = Float32Array.from({ length: 12 }, (_, i) => i);
    const cut = { data: new Float32Array(whole.buffer, 8, 2), shape: [2, 5] };
    expect(wholeArray(cut)).toEqual({ data: whole.subarray(2), shape: [2, 5] });
    const ids = { data: new Int32Array(new ArrayBuffer(16), 0, 0), shape: [4] };
    expect(wholeArray(ids)).toEqual({ data: new Int32Array(4), shape: [4] });
    const scalar = { data: whole.subarray(0, 1), shape: [] };
    expect(wholeArray(scalar).data).toBe(scalar.data);
  });

  it("throws when a worker ends, now and for later requests", async () => {
    const pool = openBatchPool(dataset, spec, 1);
    await pool.request({ epoch: 0, index: 0 });
    const lost = pool.request({ epoch: 0, index: 1 });
    await Promise.all([
      expect(lost).rejects.toThrow("streamBatches: a batch worker stopped with code 1"),
      pool.close(),
    ]);
    await expect(pool.request({ epoch: 0, index: 2 })).rejects.toThrow("a batch worker stopped with code 1");
  });

  it.each([
    [{ epochs: -1 }, "streamBatches: epochs must be an integer >= 0, got -1"],
    [
      { epochs: 1, from: { epoch: 0, index: 7 } },
      "streamBatches: from must be epoch >= 0 and index in [0, 6], got epoch 0, index 7",
    ],
    [{ epochs: 1, workers: 3 }, "streamBatches: workers must be 0, 1 or 2, got 3"],
    [{ epochs: 1, ahead: 0 }, "streamBatches: ahead must be an integer >= 1, got 0"],
  ])("refuses %j", async (options, message) => {
    await expect(collect(options as StreamOptions)).rejects.toThrow(message);
  });
});
