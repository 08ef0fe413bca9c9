import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Batch, type BatchSpec, batchesPerEpoch } from "../../src/data/batch.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { batchBuffers, makeBatch } from "../../src/data/make-batch.ts";
import { ConfigError } from "../../src/errors.ts";
import { openSample, type SampleRow, sampleRows } from "./random-dataset.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const rows: SampleRow[] = [
  ["a", "p", 1, 5, "x|y", 0],
  ["a", "q", 0, 6, "", 0],
  ["b", "r", 1, 7, "z|y|x", 0],
  ["c", "p", 0, 8, "y", 0],
  ["b", "s", 1, 9, "x", 0],
];
const open = () => openSample(folder, rows);
const specOf = (dataset: Dataset, changed: Partial<BatchSpec> = {}): BatchSpec => ({
  rows: dataset.parts.train,
  size: 3,
  shuffle: false,
  seed: 7,
  labels: ["click"],
  ...changed,
});
const shapes = (batch: Batch) => Object.fromEntries(Object.entries(batch).map(([name, { shape }]) => [name, shape]));

describe("a batch of rows", () => {
  it("holds every array of the rows, in order", async () => {
    const dataset = await open();
    const batch = makeBatch(dataset, specOf(dataset, { labels: ["click", "seen"] }), 0, 0);
    const log = (count: number): number => Math.fround(Math.log(count / 5));
    expect(batch).toEqual({
      "user/u": { data: Int32Array.of(2, 2, 3), shape: [3] },
      "user/price": { data: Float32Array.of(5, 6, 7), shape: [3] },
      "item/i": { data: Int32Array.of(2, 3, 4), shape: [3] },
      "item/tags": { data: Int32Array.of(2, 3, 0, 0, 4, 3), shape: [3, 2] },
      "context/place": { data: Int32Array.of(2, 3, 4), shape: [3] },
      "label/click": { data: Float32Array.of(1, 0, 1), shape: [3] },
      "label/seen": { data: Float32Array.of(1, 1, 1), shape: [3] },
      userIndex: { data: Int32Array.of(0, 0, 1), shape: [3] },
      itemIndex: { data: Int32Array.of(0, 1, 2), shape: [3] },
      mask: { data: Float32Array.of(1, 1, 1), shape: [3] },
      weight: { data: Float32Array.of(5, 6, 7), shape: [3] },
      logQ: { data: Float32Array.of(log(2), log(1), log(1)), shape: [3] },
      "teacher/score": { data: Float32Array.of(0, 0.25, 0.5), shape: [3] },
    });
  });

  it("pads the last batch with ids, numbers, weight and mask 0", async () => {
    const dataset = await open();
    const spec = specOf(dataset, { knownMatrix: true });
    expect(batchesPerEpoch(spec)).toBe(2);
    const batch = makeBatch(dataset, spec, 0, 1);
    for (const [name, { data, shape }] of Object.entries(batch)) {
      const width = data.length / shape[0]!;
      expect(shape[0], name).toBe(3);
      if (name !== "known") expect(Array.from(data.slice(2 * width)), name).toEqual(new Array(width).fill(0));
    }
    expect(batch.mask!.data).toEqual(Float32Array.of(1, 1, 0));
    expect(batch["user/price"]!.data).toEqual(Float32Array.of(8, 9, 0));
  });

  it("carries the wanted features only", async () => {
    const dataset = await open();
    const batch = makeBatch(dataset, specOf(dataset, { features: ["i", "price"], labels: [] }), 0, 0);
    expect(Object.keys(batch).sort()).toEqual(
      ["user/price", "item/i", "userIndex", "itemIndex", "mask", "weight", "logQ", "teacher/score"].sort(),
    );
  });

  it("marks what is no in-batch negative: known items, the same item, padding; not the diagonal", async () => {
    await fc.assert(
      fc.asyncProperty(sampleRows, fc.integer({ min: 1, max: 40 }), async (sample, size) => {
        const dataset = await openSample(folder, sample);
        const all = Int32Array.from({ length: sample.length }, (_, row) => row);
        const { data, shape } = makeBatch(dataset, specOf(dataset, { rows: all, size, knownMatrix: true }), 0, 0)
          .known!;
        expect(shape).toEqual([size, size]);
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            const [row, column] = [sample[i], sample[j]];
            const isKnown =
              row !== undefined &&
              i !== j &&
              (column === undefined ||
                column[1] === row[1] ||
                sample.some((other) => other[5] === 0 && other[0] === row[0] && other[1] === column[1]));
            expect(data[i * size + j], `${i} ${j}`).toBe(isKnown ? 1 : 0);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("a batch of lists", () => {
  const negatives = { kind: "frequency", count: 4, excludeKnown: true } as const;

  it("has the row's own item first and then negatives with the catalogue's features, label 0 and the row's context", async () => {
    await fc.assert(
      fc.asyncProperty(sampleRows, fc.integer({ min: 1, max: 20 }), fc.integer(), async (sample, size, seed) => {
        const dataset = await openSample(folder, sample);
        const all = Int32Array.from({ length: sample.length }, (_, row) => row);
        const spec = specOf(dataset, { rows: all, size, seed, negatives, labels: ["seen"] });
        const batch = makeBatch(dataset, spec, 3, 0);
        const at = (name: string): ArrayLike<number> => batch[name]!.data;
        const width = dataset.columns.get("tags")!.width;
        for (let k = 0; k < size * 5; k++) {
          const [row, place] = [Math.floor(k / 5), k % 5];
          const isReal = row < sample.length && (place === 0 || at("mask")[k] === 1);
          const item = at("itemIndex")[k]!;
          const tags = Array.from({ length: width }, (_, j) => at("item/tags")[k * width + j]);
          if (!isReal) {
            for (const name of ["mask", "itemIndex", "logQ", "item/i", "context/place", "label/seen"]) {
              expect(at(name)[k], name).toBe(0);
            }
            expect(tags).toEqual(new Array(width).fill(0));
            continue;
          }
          const from = place === 0 ? dataset.columns : dataset.items.features;
          const index = place === 0 ? row : item;
          expect(at("mask")[k]).toBe(1);
          expect(at("item/i")[k]).toBe(from.get("i")!.data[index]);
          expect(tags).toEqual(Array.from(from.get("tags")!.data.slice(index * width, (index + 1) * width)));
          expect(at("context/place")[k]).toBe(dataset.columns.get("place")!.data[row]);
          expect(at("label/seen")[k]).toBe(place === 0 ? 1 : 0);
          const count = Math.max(1, dataset.items.trainCount[item]!);
          expect(at("logQ")[k]).toBe(Math.fround(Math.log(count / dataset.parts.train.length)));
          if (place === 0) expect(item).toBe(dataset.items.rowEntity[row]);
          else expect(item).not.toBe(dataset.items.rowEntity[row]);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("has lists for items and context, and one value a row for the rest", async () => {
    const dataset = await open();
    expect(shapes(makeBatch(dataset, specOf(dataset, { negatives }), 0, 0))).toEqual({
      "user/u": [3],
      "user/price": [3],
      "item/i": [3, 5],
      "item/tags": [3, 5, 2],
      "context/place": [3, 5],
      "label/click": [3, 5],
      userIndex: [3],
      itemIndex: [3, 5],
      mask: [3, 5],
      weight: [3],
      logQ: [3, 5],
      "teacher/score": [3],
    });
  });

  it("has mask 0 where a user knows every item", async () => {
    const dataset = await openSample(folder, [
      ["a", "p", 1, 1, "", 0],
      ["a", "q", 1, 1, "", 0],
      ["b", "p", 1, 1, "", 0],
    ]);
    const spec = specOf(dataset, { negatives: { kind: "random", count: 2, excludeKnown: true } });
    const { mask, itemIndex } = makeBatch(dataset, spec, 0, 0);
    expect(mask!.data).toEqual(Float32Array.of(1, 0, 0, 1, 0, 0, 1, 1, 1));
    expect(itemIndex!.data).toEqual(Int32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 1));
  });

  it("raises the frequency to the power", async () => {
    const dataset = await open();
    const spec = specOf(dataset, { negatives: { ...negatives, power: 0.5 } });
    const total = Math.SQRT2 + 3;
    const { logQ, itemIndex } = makeBatch(dataset, spec, 0, 0);
    const expected = Array.from(itemIndex!.data, (item) => (item === 0 ? Math.SQRT2 : 1) / total);
    for (const [k, probability] of expected.entries()) expect(logQ!.data[k]).toBeCloseTo(Math.log(probability), 6);
  });
});

describe("makeBatch", () => {
  it("visits every row of an epoch once, in another order each epoch, the same for the same seed", async () => {
    const many = Array.from({ length: 50 }, (_, i): SampleRow => ["a", "p", i % 2, i, "", 0]);
    const dataset = await openSample(folder, many);
    const epochRows = (spec: BatchSpec, epoch: number): number[] =>
      Array.from({ length: batchesPerEpoch(spec) }, (_, index) => makeBatch(dataset, spec, epoch, index)).flatMap(
        (batch) => Array.from(batch["user/price"]!.data).filter((_, i) => batch.mask!.data[i] === 1),
      );
    const shuffled = specOf(dataset, { shuffle: true });
    const [first, second] = [epochRows(shuffled, 0), epochRows(shuffled, 1)];
    const inOrder = many.map((row) => row[3]);
    for (const order of [first, second]) expect(order.slice().sort((a, b) => a - b)).toEqual(inOrder);
    expect(first).not.toEqual(inOrder);
    expect(second).not.toEqual(first);
    expect(epochRows({ ...shuffled }, 0)).toEqual(first);
    expect(epochRows({ ...shuffled, seed: 8 }, 0)).not.toEqual(first);
    expect(epochRows(specOf(dataset), 1)).toEqual(inOrder);
  });

  it("depends on its arguments alone: not on what was made before, nor on the object that holds the spec", async () => {
    const dataset = await open();
    const spec = specOf(dataset, {
      size: 2,
      shuffle: true,
      negatives: { kind: "random", count: 3, excludeKnown: false },
    });
    const alone = makeBatch(dataset, { ...spec }, 4, 1);
    for (const [epoch, index] of [
      [0, 0],
      [4, 2],
      [9, 1],
      [3, 0],
    ] as const)
      makeBatch(dataset, spec, epoch, index);
    expect(makeBatch(dataset, spec, 4, 1)).toEqual(alone);
    expect(makeBatch(dataset, spec, 4, 2).itemIndex).not.toEqual(alone.itemIndex);
    expect(makeBatch(dataset, spec, 5, 1).itemIndex).not.toEqual(alone.itemIndex);
  });

  it("draws other negatives for each batch and epoch", async () => {
    const dataset = await open();
    const spec = specOf(dataset, {
      rows: new Int32Array(40),
      size: 20,
      negatives: { kind: "random", count: 3, excludeKnown: false },
    });
    const drawn = [
      [0, 0],
      [0, 1],
      [1, 0],
    ].map(([epoch, index]) => makeBatch(dataset, spec, epoch!, index!).itemIndex!);
    expect(new Set(drawn.map(({ data }) => data.join())).size).toBe(3);
  });

  it("gives arrays of their own, which can be moved to another thread", async () => {
    const dataset = await open();
    const batch = makeBatch(dataset, specOf(dataset, { knownMatrix: true }), 0, 0);
    const buffers = batchBuffers(batch);
    expect(new Set(buffers).size).toBe(Object.keys(batch).length);
    const moved = structuredClone(batch, { transfer: buffers });
    expect(moved.known!.data).toHaveLength(9);
    expect(batch.known!.data).toHaveLength(0);
  });

  it.each([
    [{ size: 0 }, "batch spec: size must be an integer >= 1, got 0"],
    [{ size: Number.NaN }, "batch spec: size must be an integer >= 1, got NaN"],
    [{ seed: 0.5 }, "batch spec: seed must be a safe integer, got 0.5"],
    [{ rows: new Int32Array(0) }, "batch spec: rows must hold at least one row, got none"],
    [{ rows: Int32Array.of(0, 5) }, "batch spec: rows must be in [0, 5), got 5"],
    [{ labels: ["clik"] }, 'batch spec: labels must be among click, seen, got "clik"; did you mean "click"?'],
    [
      { features: ["tag"] },
      'batch spec: features must be among u, i, price, tags, place, got "tag"; did you mean "tags"?',
    ],
    [
      { negatives: { ...{ kind: "random", count: 0, excludeKnown: true } } },
      "batch spec: negatives.count must be an integer >= 1, got 0",
    ],
    [
      { negatives: { kind: "random", count: 1, power: 1, excludeKnown: true } },
      "batch spec: negatives.power must go with kind frequency, got kind random",
    ],
    [
      { negatives: { kind: "frequency", count: 1, power: -1, excludeKnown: true } },
      "batch spec: negatives.power must be a finite number >= 0, got -1",
    ],
    [
      { negatives: { kind: "exposed", count: 1, label: "clik" } },
      'batch spec: negatives.label must be among click, seen, got "clik"; did you mean "click"?',
    ],
    [{ sharedItems: -1 }, "batch spec: sharedItems must be an integer >= 0, got -1"],
    [
      {
        negatives: {
          kind: "ranked",
          count: 1,
          sampling: { kind: "window", from: 3, to: 2 },
          lists: { width: 0, items: new Int32Array(0) },
        },
      },
      "batch spec: negatives: from must be <= to, got 3 and 2",
    ],
  ] as [Partial<BatchSpec>, string][])("refuses %j", async (changed, message) => {
    const dataset = await open();
    expect(() => makeBatch(dataset, specOf(dataset, changed), 0, 0)).toThrow(ConfigError);
    expect(() => makeBatch(dataset, specOf(dataset, changed), 0, 0)).toThrow(message);
  });

  it("refuses a batch that is not in the epoch", async () => {
    const dataset = await open();
    const spec = specOf(dataset);
    for (const [epoch, index] of [
      [0, 2],
      [0, -1],
      [-1, 0],
      [0.5, 0],
    ] as const) {
      expect(() => makeBatch(dataset, spec, epoch, index)).toThrow(
        `makeBatch: epoch must be >= 0 and index in [0, 2), got ${epoch} and ${index}`,
      );
    }
  });
});
