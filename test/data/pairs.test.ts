import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inv } from "mathjs";
import { describe, expect, it } from "vitest";
import { type DataConfigInput, parseDataConfig } from "../../src/data/config.ts";
import { makeBatch } from "../../src/data/make-batch.ts";
import { openDataset } from "../../src/data/open-dataset.ts";
import { pairReader } from "../../src/data/pairs/pair-reader.ts";
import { streamBatches } from "../../src/data/stream-batches.ts";
import { randomStream } from "../../src/random.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const ROWS = 60;

interface Row {
  readonly user: number;
  readonly seg: number;
  readonly item: number;
  readonly tags: readonly string[];
  readonly price: number;
  readonly h0: number;
  readonly h1: number;
  readonly day: number;
  readonly rating: number;
}

const stream = randomStream(4, "pairs");
const rows: readonly Row[] = Array.from({ length: ROWS }, (_, i) => {
  const user = stream.integer(6);
  const item = stream.integer(5);
  return {
    user,
    seg: user % 3,
    item,
    tags: [["x"], ["y"], ["x", "y"], ["z", "x"], ["z"]][item]!,
    price: item % 2,
    h0: user / 2,
    h1: -user,
    day: i < 50 ? 0 : 1,
    rating: 1 + stream.integer(5),
  };
});
const csv = [
  "user,seg,item,tags,price,h0,h1,day,rating",
  ...rows.map((r) => [r.user, r.seg, r.item, r.tags.join("|"), r.price, r.h0, r.h1, r.day, r.rating].join(",")),
].join("\n");

/** Opens rows with pair features. */
function openRows(text: string, pairs: object) {
  writeFileSync(join(folder, "rows.csv"), `${text}\n`);
  const config = {
    source: "rows.csv",
    columns: {
      user: { role: "user", kind: "id" },
      seg: { role: "user", kind: "categorical" },
      h0: { role: "user", kind: "numeric", transform: "none" },
      h1: { role: "user", kind: "numeric", transform: "none" },
      item: { role: "item", kind: "id" },
      tags: { role: "item", kind: "multi", maxLength: 3 },
      price: { role: "item", kind: "categorical" },
      day: { role: "time" },
      rating: { role: "label" },
    },
    labels: { good: "rating >= 4" },
    split: { by: "expression", train: "day == 0", test: "day == 1" },
    pairs,
  };
  return openDataset(parseDataConfig(config as DataConfigInput), { baseDir: folder });
}

const open = (pairs: object) => openRows(csv, pairs);

const train = rows.map((_, i) => i).filter((i) => rows[i]!.day === 0);
/** Statistic over training rows other than `self` that pass `same`, pulled towards the overall mean. */
function shrunkMean(self: number, value: (i: number) => number, same: (i: number) => boolean, prior: number): number {
  const all = train.filter((i) => i !== self);
  const overall = all.reduce((sum, i) => sum + value(i), 0) / all.length;
  const others = train.filter((i) => i !== self && same(i));
  return (others.reduce((sum, i) => sum + value(i), 0) + prior * overall) / (others.length + prior);
}

describe("data.pairs", () => {
  it("gives each combination of values one id, the same for rows and for pairs that no row has", async () => {
    const dataset = await open({ cross: { kind: "cross", of: ["seg", "price"] } });
    const read = pairReader(dataset, "cross");
    const ids = new Map<string, number>();
    for (let row = 0; row < ROWS; row++) {
      for (let item = 0; item < dataset.items.size; item++) {
        const price = Number(dataset.items.ids[item]) % 2;
        const key = `${rows[row]!.seg} ${price}`;
        const id = read({ row, item, own: dataset.items.rowEntity[row] === item });
        expect(id).toBe(ids.get(key) ?? id);
        ids.set(key, id);
      }
    }
    expect(new Set(ids.values()).size).toBe(6);
    const spec = dataset.features.find(({ name }) => name === "cross")!;
    expect(spec).toMatchObject({ role: "cross", kind: "ids", width: 1 });
    for (const id of ids.values()) expect(id).toBeLessThan(spec.vocabularySize);
  });

  it.each([false, true])(
    "scores an item by the user's other items, by a regression without the user (residual: %s)",
    async (residual) => {
      const penalty = 3;
      const options = { of: "rating", by: ["user", "item"], penalty, residual, transform: "none" };
      const dataset = await open({ ridge: { kind: "ridge", ...options } });
      const read = pairReader(dataset, "ridge");
      const matrixOf = (counts: (row: number) => boolean): number[][] => {
        const cells = new Map<string, number[]>();
        for (const row of train.filter(counts)) {
          const key = `${rows[row]!.user} ${rows[row]!.item}`;
          const others = train.filter((i) => i !== row);
          const mean = (of: readonly number[]): number => of.reduce((sum, i) => sum + rows[i]!.rating, 0) / of.length;
          const user = others.filter((i) => rows[i]!.user === rows[row]!.user);
          const item = others.filter((i) => rows[i]!.item === rows[row]!.item);
          const value = residual ? rows[row]!.rating - mean(user) - mean(item) + mean(train) : rows[row]!.rating;
          cells.set(key, [...(cells.get(key) ?? []), value]);
        }
        const at = (key: string): number => {
          const found = cells.get(key) ?? [];
          return found.length === 0 ? 0 : found.reduce((a, b) => a + b, 0) / found.length;
        };
        return Array.from({ length: 6 }, (_, u) => Array.from({ length: 5 }, (_, i) => at(`${u} ${i}`)));
      };
      const everything = matrixOf(() => true);
      for (const row of [0, 7, 20, 55]) {
        const { user } = rows[row]!;
        const x = matrixOf((i) => rows[i]!.user !== user);
        const square = Array.from({ length: 5 }, (_, i) =>
          Array.from(
            { length: 5 },
            (_, j) => x.reduce((sum, cells) => sum + cells[i]! * cells[j]!, 0) + (i === j ? penalty : 0),
          ),
        );
        const inverse = inv(square);
        for (let item = 0; item < 5; item++) {
          const target = Number(dataset.items.ids[item]);
          const wanted = everything[user]!.reduce(
            (sum, value, j) => sum + (j === target ? 0 : (-value * inverse[j]![target]!) / inverse[target]![target]!),
            0,
          );
          expect(read({ row, item, own: dataset.items.rowEntity[row] === item })).toBeCloseTo(wanted, 5);
        }
      }
    },
  );

  it("refuses a penalty that rounding swallows", async () => {
    const ridge = { kind: "ridge", of: "rating", by: ["user", "item"], penalty: 1e-30 };
    const alone = `${csv}\n99,0,99,x,1,0,0,0,3`;
    await expect(openRows(alone, { ridge })).rejects.toThrow(
      "data.pairs.ridge.penalty: must be large enough for a regression without each user's own rows, got 1e-30; the default is 300",
    );
  });

  it("refuses a ridge regression whose keys are not a user's and an item's", async () => {
    const ridge = { kind: "ridge", of: "rating", by: ["item", "user"] };
    await expect(open({ ridge })).rejects.toThrow(
      "data.pairs.ridge: by must name a user feature and an item feature of one value each, in this order, got item (item) and user (user)",
    );
  });

  it("takes means over the other training rows alone, shrunk, over each value of a multi feature", async () => {
    const dataset = await open({
      mine: { kind: "mean", of: "good", by: ["user"], prior: 2, transform: "none" },
      affinity: { kind: "mean", of: "rating", by: ["user", "tags"], prior: 3, transform: "none" },
    });
    const [mine, affinity] = [pairReader(dataset, "mine"), pairReader(dataset, "affinity")];
    for (let row = 0; row < ROWS; row++) {
      const { user, tags } = rows[row]!;
      const place = { row, item: dataset.items.rowEntity[row]!, own: true };
      const good = (i: number): number => (rows[i]!.rating >= 4 ? 1 : 0);
      expect(mine(place)).toBeCloseTo(
        shrunkMean(row, good, (i) => rows[i]!.user === user, 2),
        5,
      );
      const wanted = tags.map((tag) =>
        shrunkMean(
          row,
          (i) => rows[i]!.rating,
          (i) => rows[i]!.user === user && rows[i]!.tags.includes(tag),
          3,
        ),
      );
      expect(affinity(place)).toBeCloseTo(wanted.reduce((a, b) => a + b, 0) / wanted.length, 5);
    }
  });

  it("does not change a training row's value with the row's own label, nor any value with a test label", async () => {
    const pairs = { mine: { kind: "mean", of: "rating", by: ["user"], prior: 1, transform: "none" } };
    const read = pairReader(await open(pairs), "mine");
    const changedRow = train[7]!;
    const changed = csv
      .split("\n")
      .map((line, i) => (i === changedRow + 1 ? line.replace(/\d$/, "9") : line))
      .join("\n");
    const other = pairReader(await openRows(changed, pairs), "mine");
    const at = (row: number) => ({ row, item: rows[row]!.item, own: true });
    expect(other(at(changedRow))).toBe(read(at(changedRow)));
    const sameUser = train.find((i) => i !== changedRow && rows[i]!.user === rows[changedRow]!.user)!;
    expect(other(at(sameUser))).not.toBe(read(at(sameUser)));
    const testLabel = csv
      .split("\n")
      .map((line, i) => (i === 56 ? line.replace(/\d$/, "9") : line))
      .join("\n");
    const withTestLabel = pairReader(await openRows(testLabel, pairs), "mine");
    for (let row = 0; row < ROWS; row++) expect(withTestLabel(at(row))).toBe(read(at(row)));
  });

  it("counts, picks, and standardises over the training rows", async () => {
    const dataset = await open({
      seen: { kind: "count", by: ["seg", "item"] },
      chosen: { kind: "pick", by: "price", from: { "0": "h0", "1": "h1" } },
      scaled: { kind: "mean", of: "good", by: ["item"], prior: 1 },
    });
    const [seen, chosen, scaled] = ["seen", "chosen", "scaled"].map((name) => pairReader(dataset, name)) as [
      ReturnType<typeof pairReader>,
      ReturnType<typeof pairReader>,
      ReturnType<typeof pairReader>,
    ];
    for (let row = 0; row < ROWS; row++) {
      const own = { row, item: dataset.items.rowEntity[row]!, own: true };
      const { seg, item, price, h0, h1 } = rows[row]!;
      const count = train.filter((i) => i !== row && rows[i]!.seg === seg && rows[i]!.item === item).length;
      expect(seen(own)).toBeCloseTo(Math.log1p(count), 5);
      expect(chosen(own)).toBeCloseTo(price === 0 ? h0 : h1, 5);
    }
    const values = train.map((row) => scaled({ row, item: dataset.items.rowEntity[row]!, own: true }));
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean).toBeCloseTo(0, 5);
    expect(Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)).toBeCloseTo(1, 5);
  });

  it("comes with batches, of rows and of lists, the same from worker threads", async () => {
    const dataset = await open({
      cross: { kind: "cross", of: ["seg", "price"] },
      mine: { kind: "mean", of: "good", by: ["user", "price"], prior: 2 },
    });
    const spec = {
      rows: dataset.parts.train,
      size: 8,
      shuffle: true,
      seed: 1,
      labels: ["good"],
      negatives: { kind: "random", count: 3, excludeKnown: false },
    } as const;
    const batch = makeBatch(dataset, spec, 0, 1);
    expect(batch["cross/cross"]!.shape).toEqual([8, 4]);
    const read = pairReader(dataset, "mine");
    const rowOf = (i: number): number =>
      dataset.parts.train.find(
        (row) =>
          dataset.users.rowEntity[row] === batch.userIndex!.data[i] &&
          dataset.items.rowEntity[row] === batch.itemIndex!.data[i * 4],
      )!;
    for (let i = 0; i < 8; i++) {
      for (let j = 1; j < 4; j++) {
        expect(batch["cross/mine"]!.data[i * 4 + j]).toBe(
          Math.fround(read({ row: rowOf(i), item: batch.itemIndex!.data[i * 4 + j]!, own: false })),
        );
      }
    }
    for await (const { index, batch: fromThread } of streamBatches(dataset, spec, { epochs: 1, workers: 1 })) {
      expect(fromThread["cross/mine"]!.data).toEqual(makeBatch(dataset, spec, 0, index)["cross/mine"]!.data);
    }
    const rowBatch = makeBatch(
      dataset,
      { rows: dataset.parts.test!, size: 4, shuffle: false, seed: 1, labels: [] },
      0,
      0,
    );
    expect(rowBatch["cross/cross"]!.shape).toEqual([4]);
  });

  it.each([
    [
      "an unknown feature",
      { a: { kind: "cross", of: ["seg", "prise"] } },
      'data.pairs.a.of: must name features of ids or categories (user, seg, item, tags, price), got "prise"; did you mean "price"?',
    ],
    [
      "a number as key",
      { a: { kind: "mean", of: "good", by: ["h0"] } },
      "data.pairs.a.by: must name features of ids or categories",
    ],
    ["an unknown label", { a: { kind: "mean", of: "god", by: ["user"] } }, 'got "god"; did you mean "good"?'],
    ["a statistic that does not vary", { a: { kind: "mean", of: "day", by: ["user"] } }, "data.pairs.a"],
    [
      "an unknown column to pick",
      { a: { kind: "pick", by: "price", from: { "0": "h9" } } },
      'data.pairs.a.from.0: must name a numeric feature (h0, h1), got "h9"; did you mean "h0"?',
    ],
  ])("refuses %s", async (_what, pairs, message) => {
    await expect(open(pairs)).rejects.toThrow(message);
  });
});
