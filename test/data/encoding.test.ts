import fc from "fast-check";
import { describe, expect, it } from "vitest";
import xxhash from "xxhash-wasm";
import type { DataConfigInput } from "../../src/data/config.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { parseEncoding } from "../../src/data/encoding.ts";
import { ConfigError, DataError } from "../../src/errors.ts";
import { csv, openText } from "./open-text.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
type Column = NonNullable<DataConfigInput["columns"]>[string];

/** Opens rows whose column c is given; rows of part "test" come after the training rows. */
function openColumn(
  column: Column,
  { train, test = [] }: { train: readonly unknown[]; test?: readonly unknown[] },
  extra: Partial<DataConfigInput> = {},
): Promise<Dataset> {
  const rows = [...train.map((c) => [1, 1, 1, 0, c]), ...test.map((c) => [1, 1, 1, 1, c])];
  const split = { by: "expression", train: "t == 0", ...(test.length > 0 && { test: "t == 1" }) } as const;
  return openText(folder, csv("u,i,y,t,c", rows), { split, ...extra, columns: { t: { role: "extra" }, c: column } });
}

const encoded = (dataset: Dataset, name = "c"): number[] => Array.from(dataset.columns.get(name)!.data);
const feature = (dataset: Dataset, name = "c") => dataset.features.find((spec) => spec.name === name);

describe("built vocabularies", () => {
  it("number the training values by first appearance from 2; what is not there is row 1, and counted", async () => {
    const dataset = await openColumn(
      { role: "item", kind: "categorical" },
      { train: ["x", "y", "x", "z"], test: ["z", "new", "x", "new"] },
    );
    expect(encoded(dataset)).toEqual([2, 3, 2, 4, 4, 1, 2, 1]);
    expect(feature(dataset)).toEqual({ name: "c", role: "item", kind: "ids", vocabularySize: 5, width: 1 });
    expect(dataset.encoding.columns.c).toEqual({ kind: "built", values: ["x", "y", "z"] });
    expect(dataset.report.parts.train?.outOfVocabulary).toEqual({});
    expect(dataset.report.parts.test?.outOfVocabulary).toEqual({ c: 2 });
    expect(dataset.report.vocabularySizes).toEqual({ u: 3, i: 3, c: 5 });
  });

  it("leave out values with fewer training rows than minCount", async () => {
    const dataset = await openColumn(
      { role: "item", kind: "categorical", vocabulary: { kind: "built", minCount: 2 } },
      { train: ["x", "y", "z", "y", "z"], test: ["x", "x", "z"] },
    );
    expect(encoded(dataset)).toEqual([1, 2, 3, 2, 3, 1, 1, 3]);
    expect(dataset.report.parts.train?.outOfVocabulary).toEqual({ c: 1 });
  });

  it("take a missing value for out of vocabulary where that is declared", async () => {
    const dataset = await openColumn(
      { role: "context", kind: "categorical", missing: "oov" },
      { train: ["x", "", "y"] },
    );
    expect(encoded(dataset)).toEqual([2, 1, 3]);
  });

  it("are one for columns that share", async () => {
    const text = csv("u,i,y,last,seen", [
      [1, 10, 1, 20, "30|10"],
      [2, 20, 1, 10, "20|40"],
    ]);
    const dataset = await openText(folder, text, {
      columns: {
        last: { role: "user", kind: "id", shareWith: "i" },
        seen: { role: "user", kind: "multi", maxLength: 3, shareWith: "i" },
      },
    });
    expect(encoded(dataset, "i")).toEqual([2, 3]);
    expect(encoded(dataset, "last")).toEqual([3, 2]);
    expect(encoded(dataset, "seen")).toEqual([4, 2, 0, 3, 5, 0]);
    expect(dataset.encoding.columns).toMatchObject({ i: { values: ["10", "20", "30", "40"] }, last: { with: "i" } });
    expect(feature(dataset, "last")).toMatchObject({ vocabularySize: 6, shareWith: "i", role: "user" });
    expect(feature(dataset, "seen")).toMatchObject({ vocabularySize: 6, shareWith: "i", kind: "multi", width: 3 });
  });
});

describe("hashed vocabularies", () => {
  it("put each value into row 2 + xxHash64 mod rows, seen or not", async () => {
    const { h64 } = await xxhash();
    const values = ["x", "y", "z", "7", "ü"];
    const dataset = await openColumn(
      { role: "item", kind: "id", vocabulary: { kind: "hashed", rows: 1000 } },
      { train: values.slice(0, 2), test: values.slice(2) },
    );
    expect(encoded(dataset)).toEqual(values.map((value) => 2 + Number(h64(value) % 1000n)));
    expect(feature(dataset)).toMatchObject({ vocabularySize: 1002 });
    expect(dataset.report.parts.test?.outOfVocabulary).toEqual({});
  });
});

describe("lists", () => {
  const lists = { train: ["a|b|c", "b", ""], test: ["c|new", "a|b|a|b"] };
  const multi = { role: "item", kind: "multi", maxLength: 2, missing: "empty" } as const;

  it("are padded with 0 and cut, at the end or at the start, and the cuts are counted", async () => {
    const first = await openColumn(multi, lists);
    expect(encoded(first)).toEqual([2, 3, 3, 0, 0, 0, 4, 1, 2, 3]);
    expect(first.report.listsCut).toEqual({ c: 2 });
    const last = await openColumn({ ...multi, keep: "last" }, lists);
    expect(encoded(last)).toEqual([3, 4, 3, 0, 0, 0, 4, 1, 2, 3]);
    expect(first.report.parts.test?.outOfVocabulary).toEqual({ c: 1 });
  });
});

describe("numbers", () => {
  const numeric = { role: "item", kind: "numeric" } as const;

  it("are standardised by mean and deviation of the training rows", async () => {
    const dataset = await openColumn(numeric, { train: [1, 2, 6], test: [10] });
    const deviation = Math.sqrt((4 + 1 + 9) / 3);
    expect(dataset.encoding.columns.c).toEqual({ kind: "standardise", mean: 3, deviation });
    expect(encoded(dataset)).toEqual([-2, -1, 3, 7].map((value) => Math.fround(value / deviation)));
    expect(feature(dataset)).toEqual({ name: "c", role: "item", kind: "numbers", vocabularySize: 0, width: 1 });
  });

  it("are log(1 + x) or left alone; a missing one is what is declared", async () => {
    const logged = await openColumn({ ...numeric, transform: "log", missing: 0 }, { train: [0, 1, "", 100] });
    expect(encoded(logged)).toEqual([0, Math.log(2), 0, Math.log(101)].map(Math.fround));
    const plain = await openColumn({ ...numeric, transform: "none", missing: -1 }, { train: [0.1, "", 7] });
    expect(encoded(plain)).toEqual([Math.fround(0.1), -1, 7]);
    const standard = await openColumn({ ...numeric, missing: 5 }, { train: [1, "", 3] });
    expect(standard.encoding.columns.c).toMatchObject({ mean: 3 });
  });

  it("fall into given buckets: from a boundary on, below the next", async () => {
    const buckets = await openColumn(
      { ...numeric, buckets: [0, 10], missing: "oov" },
      { train: [-1, 0, 9.9, 10, 11, ""] },
    );
    expect(encoded(buckets)).toEqual([2, 3, 3, 4, 4, 1]);
    expect(feature(buckets)).toMatchObject({ kind: "ids", vocabularySize: 5 });
    const filled = await openColumn({ ...numeric, buckets: [0, 10], missing: 3 }, { train: [-1, ""] });
    expect(encoded(filled)).toEqual([2, 3]);
  });

  it("fall into buckets of equal training mass", async () => {
    const values = Array.from({ length: 100 }, (_, i) => (i * 37) % 100);
    const dataset = await openColumn({ ...numeric, buckets: 4 }, { train: values, test: [-5, 1000] });
    expect(dataset.encoding.columns.c).toEqual({ kind: "buckets", boundaries: [25, 50, 75] });
    expect(encoded(dataset).slice(0, 100)).toEqual(values.map((value) => 2 + Math.floor(value / 25)));
    expect(encoded(dataset).slice(100)).toEqual([2, 5]);
  });

  it("merge buckets whose boundaries are equal, and leave none empty", async () => {
    const dataset = await openColumn({ ...numeric, buckets: 4 }, { train: [0, 0, 0, 0, 0, 0, 5, 9] });
    expect(dataset.encoding.columns.c).toEqual({ kind: "buckets", boundaries: [5] });
    expect(encoded(dataset)).toEqual([2, 2, 2, 2, 2, 2, 3, 3]);
  });

  it("bucket like a count of boundaries, for any numbers", async () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
      minLength: 2,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(numbers, fc.integer({ min: 2, max: 8 }), async (values, buckets) => {
        fc.pre(new Set(values).size > 1 && Math.max(...values) > Math.min(...values));
        const dataset = await openColumn({ ...numeric, buckets }, { train: values }).catch((error: unknown) => error);
        if (dataset instanceof DataError) {
          expect(dataset.message).toContain("must vary");
          return;
        }
        const fitted = (dataset as Dataset).encoding.columns.c as { boundaries: number[] };
        expect(fitted.boundaries.length).toBeLessThan(buckets);
        const counts = values.map((value) => 2 + fitted.boundaries.filter((boundary) => boundary <= value).length);
        expect(encoded(dataset as Dataset)).toEqual(counts);
        for (let bucket = 2; bucket <= 2 + fitted.boundaries.length; bucket++) expect(counts).toContain(bucket);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    [
      numeric,
      [3, 3, 3],
      'column "c" must vary over the training part to be standardised, got one value; drop the column',
    ],
    [{ ...numeric, buckets: 3 }, [3, 3], 'column "c" must vary over the training part to be bucketed, got one value'],
    [
      { ...numeric, transform: "log" as const },
      [1, -1],
      'rows.csv line 3: column "c" must be above -1 for transform: log, got -1',
    ],
    [
      { ...numeric, transform: "none" as const },
      [1, 1e39],
      'rows.csv line 3: column "c" must fit into float32, got 1e+39',
    ],
  ])("%j of %j is an error", async (column, train, message) => {
    const attempt = openColumn(column, { train });
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
  });
});

describe("a stored encoding", () => {
  const columns = {
    m: { role: "item", kind: "multi", maxLength: 2, vocabulary: { kind: "built", minCount: 1 } },
    h: { role: "user", kind: "categorical", vocabulary: { kind: "hashed", rows: 10 } },
    n: { role: "user", kind: "numeric" },
    b: { role: "context", kind: "numeric", buckets: 3 },
    w: { role: "user", kind: "id", shareWith: "i" },
  } as const;
  const header = "u,i,y,m,h,n,b,w";
  const rows = [
    [1, 10, 1, "p|q", "x", 1, 5, 20],
    [2, 20, 0, "q", "y", 4, 6, 10],
    [3, 10, 1, "r|p", "x", 9, 7, 10],
    [1, 30, 1, "p", "z", 2, 8, 30],
  ];

  it("goes through JSON and encodes later data as it encoded these", async () => {
    const first = await openText(folder, csv(header, rows), { columns });
    const encoding = parseEncoding(JSON.parse(JSON.stringify(first.encoding)));
    const later = await openText(
      folder,
      csv(header, [rows[2]!, [9, 40, 1, "new|q", "x", 1, 5, 20]]),
      { columns, source: { test: "rows.csv" } },
      { encoding },
    );
    expect(later.parts.train).toHaveLength(0);
    for (const [name, { data, width }] of later.columns) {
      const expected = first.columns.get(name)!.data.slice(2 * width, 3 * width);
      expect(data.slice(0, width), name).toEqual(expected);
    }
    expect(encoded(later, "u")).toEqual([4, 1]);
    expect(encoded(later, "m").slice(2)).toEqual([1, 3]);
    expect(later.report.parts.test?.outOfVocabulary).toEqual({ u: 1, i: 1, m: 1 });
    expect(later.items.ids).toEqual(["10", "40"]);
  });

  it("must fit the columns", async () => {
    const { encoding } = await openText(folder, csv(header, rows), { columns });
    const reopen = (changed: DataConfigInput["columns"]) =>
      openText(folder, csv(header, rows), { columns: { ...columns, ...changed } }, { encoding });
    await expect(reopen({ n: { role: "user", kind: "numeric", transform: "log" } })).rejects.toThrow(
      new ConfigError(
        "data.columns.n: the stored encoding must be log, got standardise; use the data block that the encoding was made with",
      ),
    );
    await expect(reopen({ w: { role: "user", kind: "id" } })).rejects.toThrow(
      "data.columns.w: the stored encoding must be built, got shared with i",
    );
    await expect(reopen({ y: { role: "context", kind: "id" } })).rejects.toThrow(
      "data.columns.y: the stored encoding must be built, got none",
    );
  });

  it("is needed where no part trains", async () => {
    await expect(openText(folder, csv(header, rows), { columns, source: { test: "rows.csv" } })).rejects.toThrow(
      "data.source: a training part must be named unless an encoding is given, got none",
    );
  });

  it("is refused where it is none", () => {
    expect(() => parseEncoding({ version: 2, columns: {} })).toThrow(DataError);
    expect(() => parseEncoding({ version: 1, columns: { c: { kind: "built" } } })).toThrow(
      "parseEncoding: the encoding must be one that a run wrote, got at columns.c.values:",
    );
  });
});
