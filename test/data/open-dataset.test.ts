import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { DataConfigInput } from "../../src/data/config.ts";
import { writeArrow } from "../../src/data/write-arrow.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { csv, openText } from "./open-text.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

const header = "u,age,i,price,place,t,y,w,list,score";
const rows = [
  ["ann", 30, 7, 1.5, "home", 1, 5, 1, "q1", 0.25],
  ["bob", 40, 8, 2.5, "work", 1, 4, 2, "q1", -1.5],
  ["ann", 31, 9, 3.5, "home", 1, 1, 0, "q2", 3],
  ["cy", 50, 7, 4.5, "home", 2, 5, 1, "q3", 0],
  ["ann", 32, 7, 5.5, "sea", 2, 2, 1, "q3", 0],
  ["bob", 41, 10, 6.5, "work", 2, 4, 1, "q4", 7],
] as const;
const config = {
  columns: {
    age: { role: "user", kind: "numeric", transform: "none" },
    price: { role: "item", kind: "numeric", transform: "none" },
    place: { role: "context", kind: "categorical" },
    t: { role: "time" },
    w: { role: "weight" },
    list: { role: "group" },
    score: { role: "teacher-score" },
  },
  labels: { seen: "1", ctr: "y >= 4", ctcvr: "y == 5 and t >= 0" },
  implies: { ctcvr: "ctr" },
  split: { by: "expression", train: "t == 1", test: "t == 2" },
} satisfies Partial<DataConfigInput>;

describe("openDataset", () => {
  it("numbers users and items over all parts by first row and takes their features from it", async () => {
    const { users, items, columns } = await openText(folder, csv(header, rows), config);
    expect(users.ids).toEqual(["ann", "bob", "cy"]);
    expect(users.rowEntity).toEqual(Int32Array.of(0, 1, 0, 2, 0, 1));
    expect(users.trainCount).toEqual(Int32Array.of(2, 1, 0));
    expect(users.features.get("age")).toEqual({ data: Float32Array.of(30, 40, 50), width: 1 });
    expect([...users.features.keys()]).toEqual(["u", "age"]);
    expect(items.ids).toEqual(["7", "8", "9", "10"]);
    expect(items.rowEntity).toEqual(Int32Array.of(0, 1, 2, 0, 0, 3));
    expect(items.trainCount).toEqual(Int32Array.of(1, 1, 1, 0));
    expect(items.features.get("price")).toEqual({ data: Float32Array.of(1.5, 2.5, 3.5, 6.5), width: 1 });
    expect(items.features.get("i")).toEqual({ data: Int32Array.of(2, 3, 4, 1), width: 1 });
    expect(columns.get("price")!.data).toEqual(Float32Array.of(1.5, 2.5, 3.5, 4.5, 5.5, 6.5));
  });

  it("has labels, weights, lists, teacher scores and raw numbers of each row", async () => {
    const dataset = await openText(folder, csv(header, rows), config);
    expect(Object.fromEntries(dataset.labels)).toEqual({
      seen: Float32Array.of(1, 1, 1, 1, 1, 1),
      ctr: Float32Array.of(1, 1, 0, 1, 0, 1),
      ctcvr: Float32Array.of(1, 0, 0, 1, 0, 0),
    });
    expect(dataset.weight).toEqual(Float32Array.of(1, 2, 0, 1, 1, 1));
    expect(dataset.group).toEqual(Int32Array.of(0, 0, 1, 2, 2, 3));
    expect(dataset.teacherScores.get("score")).toEqual(Float32Array.of(0.25, -1.5, 3, 0, 0, 7));
    expect(Object.fromEntries(dataset.numbers)).toEqual({
      y: Float64Array.of(5, 4, 1, 5, 2, 4),
      t: Float64Array.of(1, 1, 1, 2, 2, 2),
    });
    expect(dataset.parts).toEqual({ train: Int32Array.of(0, 1, 2), test: Int32Array.of(3, 4, 5) });
    expect(dataset.trainItems).toEqual({ offsets: Int32Array.of(0, 2, 3, 3), items: Int32Array.of(0, 2, 1) });
  });

  it("keeps everything that batches read in shared memory", async () => {
    const { columns, labels, weight, group, teacherScores, users, items, trainItems, parts } = await openText(
      folder,
      csv(header, rows),
      config,
    );
    const encoded = [columns, users.features, items.features].flatMap((map) => [...map.values()]);
    const arrays = [
      ...encoded.map(({ data }) => data),
      ...labels.values(),
      ...teacherScores.values(),
      ...[users, items].flatMap(({ rowEntity, trainCount }) => [rowEntity, trainCount]),
      ...[weight!, group!, trainItems.offsets, trainItems.items, parts.train, parts.test!],
    ];
    expect(arrays.filter(({ buffer }) => !(buffer instanceof SharedArrayBuffer))).toEqual([]);
  });

  it("reports rows, cold users and items, known pairs, label rates and values out of vocabulary", async () => {
    const { report } = await openText(folder, csv(header, rows), config);
    expect(report).toEqual({
      files: [{ name: "rows.csv", rows: 6 }],
      rowsRead: 6,
      rowsUnused: 0,
      parts: {
        train: {
          rows: 3,
          users: 2,
          items: 3,
          coldUsers: 0,
          coldItems: 0,
          knownPairs: 3,
          labelRates: { seen: 1, ctr: 2 / 3, ctcvr: 1 / 3 },
          outOfVocabulary: {},
        },
        test: {
          rows: 3,
          users: 3,
          items: 2,
          coldUsers: 1,
          coldItems: 1,
          knownPairs: 1,
          labelRates: { seen: 1, ctr: 2 / 3, ctcvr: 1 / 3 },
          outOfVocabulary: { u: 1, i: 1, place: 1 },
        },
      },
      vocabularySizes: { u: 4, i: 5, place: 4 },
      listsCut: {},
    });
  });

  it("gives the same dataset, and the same fingerprint, from every format", async () => {
    const columns: WriteColumn[] = header.split(",").map((name, at): WriteColumn => {
      const cells = rows.map((row) => row[at]!);
      if (cells.every((cell) => typeof cell === "string")) return { name, type: "string", values: cells };
      const numbers = cells.map(Number);
      return { name, type: numbers.every(Number.isInteger) ? "int64" : "float64", values: numbers };
    });
    await writeParquet(path.join(folder, "rows.parquet"), columns, { rowsPerGroup: 4 });
    await writeArrow(path.join(folder, "rows.arrow"), columns, { format: "file", rowsPerBatch: 5 });
    await writeArrow(path.join(folder, "rows.arrows"), columns, { format: "stream", rowsPerBatch: 1 });
    writeFileSync(path.join(folder, "rows.tsv"), csv(header, rows).replaceAll(",", "\t"));
    const text = csv(header, rows);
    const { fingerprint, columns: expected } = await openText(folder, text, config);
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    for (const source of ["rows.parquet", "rows.arrow", "rows.arrows", "rows.tsv"]) {
      const other = await openText(folder, text, { ...config, source });
      expect(other.columns, source).toEqual(expected);
      expect(other.fingerprint, source).toBe(fingerprint);
    }
  });

  it("has another fingerprint where anything that training sees is different", async () => {
    const open = async (text: string, changed: Partial<DataConfigInput> = {}): Promise<string> =>
      (await openText(folder, text, { ...config, ...changed })).fingerprint;
    const text = csv(header, rows);
    const variants = [
      text,
      text.replace("bob,40", "bob,42"),
      text.replace("ann,32", "abe,32"),
      text.replace("work,1,4,2", "work,1,4,3"),
      text.replace("work,1,4,2", "work,1,3,2"),
      text.replace("q3,0\nbob", "q4,0\nbob"),
      text.replace("-1.5", "-1.25"),
    ];
    const all: string[] = [];
    for (const variant of variants) all.push(await open(variant));
    expect(new Set(all).size).toBe(all.length);
    const split = { by: "expression", train: "t == 1 or w == 0", test: "t == 2" } as const;
    expect(await open(text, { split })).toBe(all[0]);
    expect(await open(text, { split: { ...split, test: "t == 2 and y > 2" } })).not.toBe(all[0]);
    expect(await open(text, { labels: { ...config.labels, ctcvr: "y == 5 and t == 1" } })).not.toBe(all[0]);
  });
});

describe("bad data", () => {
  const base = csv(header, rows);
  it.each<[string, string, Partial<DataConfigInput>, string]>([
    ["an empty file", "", {}, "rows.csv: the file must begin with a header line, got an empty file"],
    ["a header only", `${header}\n`, {}, "rows.csv: the data must have rows, got a header only"],
    [
      "fewer rows than expected",
      base,
      { expectedRows: 7 },
      "rows.csv: the data must have 7 rows (data.expectedRows), got 6",
    ],
    [
      "a label that is not 0 or 1",
      base,
      { labels: { ctr: "y" }, implies: {} },
      'rows.csv line 2: label "ctr" must be 0 or 1, got 5; see data.labels',
    ],
    ["a label between 0 and 1", base, { labels: { ctr: "y / 10" }, implies: {} }, "must be 0 or 1, got 0.5"],
    [
      "a conversion without click",
      base,
      { labels: { ctr: "y == 4", ctcvr: "y >= 4" } },
      'label "ctr" must be 1 where "ctcvr" is 1 (data.implies), got 0 at',
    ],
    ["a negative weight", base.replace("4,2,q1", "4,-2,q1"), {}, 'rows.csv line 3: weight "w" must be >= 0, got -2'],
    [
      "an empty part",
      base,
      { split: { by: "expression", train: "t == 1", test: "t == 3" } },
      "data.split: part test must have rows, got none of 6",
    ],
  ])("%s is an error", async (_, text, changed, message) => {
    const attempt = openText(folder, text, { ...config, ...changed });
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
  });

  it("counts the rows that break an implication and names the first ones", async () => {
    const many = Array.from({ length: 9 }, (_, row) => ["a", row, row === 3 ? 1 : 0]);
    const broken = openText(folder, csv("u,i,y", many), {
      labels: { ctr: "y == 1", buy: "1" },
      implies: { buy: "ctr" },
    });
    const at = (line: number): string => `${path.join(folder, "rows.csv")} line ${line}`;
    await expect(broken).rejects.toThrow(
      new DataError(
        `label "ctr" must be 1 where "buy" is 1 (data.implies), got 0 at ${[2, 3, 4, 6, 7].map(at).join(", ")} and 3 more`,
      ),
    );
  });

  it.each([
    [
      { labels: { ctr: "rating >= 4" }, implies: {} },
      'data.labels.ctr: names in "rating >= 4" must be columns (u, i, y, age,',
    ],
    [{ labels: { ctr: "isnul(y)" }, implies: {} }, 'data.labels.ctr: functions in "isnul(y)" must be min, max'],
    [{ split: { by: "expression", train: "tt == 1" } }, 'data.split.train: names in "tt == 1" must be columns'],
  ] as [Partial<DataConfigInput>, string][])("%j is a mistake in the config", async (changed, message) => {
    const attempt = openText(folder, base, { ...config, ...changed });
    await expect(attempt).rejects.toThrow(ConfigError);
    await expect(attempt).rejects.toThrow(message);
  });

  it("leaves the file as it was", async () => {
    await openText(folder, base, config);
    expect(readFileSync(path.join(folder, "rows.csv"), "utf8")).toBe(base);
  });
});
