import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parseDataConfig } from "../../src/data/config.ts";
import { type RawColumn, takeRows } from "../../src/data/raw-column.ts";
import { locateRow, type RawTable, readTable } from "../../src/data/raw-table.ts";
import { resolveSource } from "../../src/data/source-files.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { DataError } from "../../src/errors.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();

async function read(files: string[], columns: Record<string, object>): Promise<RawTable> {
  const config = parseDataConfig({
    source: files,
    columns: { u: { role: "user", kind: "id" }, i: { role: "item", kind: "id" }, ...columns },
    labels: { l: 1 },
  });
  const resolved = await resolveSource(config.source, { baseDir: folder, format: config.format });
  return readTable(resolved, config.columns);
}

const text = (name: string, content: string): string => {
  writeFileSync(path.join(folder, name), content);
  return name;
};

/** A Parquet file with columns u, i and `column`. */
async function typed(name: string, column: WriteColumn): Promise<string> {
  const rows = column.type === "float32-vector" ? column.values.length / column.width : column.values.length;
  const ids = Int32Array.from({ length: rows }, (_, row) => row);
  await writeParquet(path.join(folder, name), [
    { name: "u", type: "int32", values: ids },
    { name: "i", type: "int32", values: ids },
    column,
  ]);
  return name;
}

/** The cells as the user would write them: numbers, values, lists; null where missing. */
function cellsOf(column: RawColumn): unknown[] {
  if (column.storage === "numbers") return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value));
  const at = (code: number): string | null => (code < 0 ? null : column.values[code]!);
  if (column.storage === "categories") return Array.from(column.codes, at);
  return Array.from({ length: column.offsets.length - 1 }, (_, row) =>
    Array.from(column.codes.subarray(column.offsets[row]!, column.offsets[row + 1]!), at),
  );
}

describe("readTable", () => {
  it("joins files of different formats: a value is one value however it is written", async () => {
    const files = [
      text("one.csv", "c,u,i\nx,7,b\ny,8,a\n"),
      await typed("two.parquet", { name: "c", type: "string", values: ["y", "x", "z"] }),
    ];
    const { rows, columns } = await read(files, { c: { role: "item", kind: "categorical" } });
    expect(rows).toBe(5);
    expect(cellsOf(columns.get("u")!)).toEqual(["7", "8", "0", "1", "2"]);
    expect(columns.get("c")).toMatchObject({ codes: Int32Array.of(0, 1, 1, 0, 2), values: ["x", "y", "z"] });
    const same = await read(["two.parquet", "one.csv"], { c: { role: "item", kind: "categorical" } });
    expect(cellsOf(same.columns.get("u")!)).toEqual(["0", "1", "2", "7", "8"]);
  });

  it("reads text numbers, dates, lists, and missing values where they are allowed", async () => {
    const file = text(
      "all.csv",
      "u,i,n,t,m,e\n1,2,-1.5e2,2024-01-02,a|b|a,1\n1,2,,2024-01-01 12:30:00,,\n1,2, 7 ,2024-01-01T10:00:00+02:00,c,x\n1,2,.5,1704067200000,d,y\n",
    );
    const { columns } = await read([file], {
      n: { role: "user", kind: "numeric", missing: 0 },
      t: { role: "time" },
      m: { role: "item", kind: "multi", maxLength: 2, missing: "empty" },
      e: { role: "extra", kind: "categorical", missing: "keep" },
    });
    expect(cellsOf(columns.get("n")!)).toEqual([-150, null, 7, 0.5]);
    expect(cellsOf(columns.get("t")!)).toEqual([
      Date.UTC(2024, 0, 2),
      Date.UTC(2024, 0, 1, 12, 30),
      Date.UTC(2024, 0, 1, 8),
      Date.UTC(2024, 0, 1),
    ]);
    expect(cellsOf(columns.get("m")!)).toEqual([["a", "b", "a"], [], ["c"], ["d"]]);
    expect(cellsOf(columns.get("e")!)).toEqual(["1", null, "x", "y"]);
  });

  it("reads the types of Parquet: integers beyond 2^53 stay exact as ids, booleans and dates are numbers", async () => {
    const big = await typed("big.parquet", { name: "c", type: "int64", values: [2n ** 60n, 2n ** 60n + 1n, 7, 7n] });
    const ids = (await read([big], { c: { role: "item", kind: "id" } })).columns.get("c")!;
    expect(cellsOf(ids)).toEqual(["1152921504606846976", "1152921504606846977", "7", "7"]);
    const flags = await typed("flags.parquet", { name: "c", type: "boolean", values: [true, false] });
    expect(cellsOf((await read([flags], { c: { role: "label" } })).columns.get("c")!)).toEqual([1, 0]);
    expect(cellsOf((await read([flags], { c: { role: "item", kind: "categorical" } })).columns.get("c")!)).toEqual([
      "true",
      "false",
    ]);
    const lists = await typed("lists.parquet", { name: "c", type: "string-list", values: [["a"], [], ["b", "a"]] });
    const multi = (await read([lists], { c: { role: "item", kind: "multi", maxLength: 2 } })).columns.get("c")!;
    expect(cellsOf(multi)).toEqual([["a"], [], ["b", "a"]]);
  });

  it("names rows by file, and by line in text files", async () => {
    const table = await read(
      [text("n1.csv", 'u,i\n"a\nb",1\nc,2\n'), text("n2.csv", "u,i\n\nd,3\n"), "two.parquet"],
      {},
    );
    expect([0, 1, 2, 3, 5].map((row) => path.basename(locateRow(table, row)))).toEqual([
      "n1.csv line 2",
      "n1.csv line 4",
      "n2.csv line 3",
      "two.parquet row 1",
      "two.parquet row 3",
    ]);
  });

  it("reports what was read", async () => {
    const config = parseDataConfig({
      source: ["one.csv", "two.parquet"],
      columns: { u: { role: "user", kind: "id" }, i: { role: "item", kind: "id" } },
      labels: { l: 1 },
    });
    const files = await resolveSource(config.source, { baseDir: folder, format: "auto" });
    const seen: unknown[] = [];
    await readTable(files, config.columns, { onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([
      { file: "one.csv", rows: 2 },
      { file: "two.parquet", rows: 5 },
    ]);
  });

  const label = { c: { role: "label" } };
  it.each<[string, string | WriteColumn, Record<string, object>, string]>([
    ["text for a number", "c,u,i\n1,1,1\nfive,1,1\n", label, 'line 3: column "c" must hold finite numbers, got "five"'],
    ["hexadecimal", "c,u,i\n0x10,1,1\n", label, 'line 2: column "c" must hold finite numbers, got "0x10"'],
    ["NaN", "c,u,i\n1,1,1\nNaN,1,1\n", label, 'line 3: column "c" must hold finite numbers, got "NaN"'],
    ["an infinite number", "c,u,i\n-inf,1,1\n", label, 'line 2: column "c" must hold finite numbers, got "-inf"'],
    ["a number too large", "c,u,i\n1e999,1,1\n", label, 'line 2: column "c" must hold finite numbers, got "1e999"'],
    [
      "a missing number",
      "c,u,i\n1,1,1\n,1,1\n",
      label,
      'line 3: column "c" must have a value, got a missing one; set missing:',
    ],
    ["a missing id", "c,u,i\n1,,1\n", label, 'line 2: column "u" must have a value, got a missing one'],
    [
      "a missing list",
      "c,u,i\n,1,1\n",
      { c: { role: "item", kind: "multi", maxLength: 1 } },
      'line 2: column "c" must have a value',
    ],
    [
      "no date",
      "c,u,i\n2024-13-01,1,1\n",
      { c: { role: "time" } },
      'line 2: column "c" must hold finite numbers, got "2024-13-01"',
    ],
    [
      "typed NaN",
      { name: "c", type: "float64", values: [1, Number.NaN] },
      label,
      'row 2: column "c" must hold finite numbers, got NaN',
    ],
    [
      "typed infinity",
      { name: "c", type: "float32", values: [Infinity] },
      label,
      'row 1: column "c" must hold finite numbers, got Infinity',
    ],
    [
      "typed text for a number",
      { name: "c", type: "string", values: ["5"] },
      label,
      'row 1: column "c" must hold finite numbers, got "5"',
    ],
    [
      "a null",
      { name: "c", type: "int32", values: [1, 2, null] },
      label,
      'row 3: column "c" must have a value, got a missing one',
    ],
    [
      "a list for a number",
      { name: "c", type: "string-list", values: [["a"]] },
      label,
      'row 1: column "c" must hold finite numbers, got a value of type Array',
    ],
    [
      "a fraction for an id",
      { name: "c", type: "float64", values: [1, 0.5] },
      { c: { role: "item", kind: "id" } },
      'row 2: column "c" must hold text, integers or booleans, got 0.5',
    ],
    [
      "an integer that lost digits",
      { name: "c", type: "float64", values: [2 ** 60] },
      { c: { role: "item", kind: "id" } },
      'row 1: column "c" must hold text, integers or booleans, got 1152921504606847000',
    ],
    [
      "a list for an id",
      { name: "c", type: "string-list", values: [["a"]] },
      { c: { role: "item", kind: "id" } },
      "got a value of type Array",
    ],
    [
      "a number for a list",
      { name: "c", type: "int32", values: [3] },
      { c: { role: "item", kind: "multi", maxLength: 1 } },
      'row 1: column "c" must hold lists of text, integers or booleans, got 3',
    ],
    [
      "numbers in a list",
      { name: "c", type: "float32-vector", width: 2, values: Float32Array.of(1, 0.5) },
      { c: { role: "item", kind: "multi", maxLength: 1 } },
      "must hold lists of text, integers or booleans, got 0.5",
    ],
    [
      "an integer too large for a number",
      { name: "c", type: "int64", values: [2n ** 60n] },
      label,
      "must hold finite numbers, got 1152921504606846976",
    ],
  ])("refuses %s, naming the place", async (_, content, columns, message) => {
    const file = typeof content === "string" ? text("bad.csv", content) : await typed("bad.parquet", content);
    const attempt = read([file], columns);
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toThrow(path.join(folder, file));
  });
});

describe("takeRows", () => {
  it("gives every kind of column at the rows, in their order", async () => {
    const file = text("take.csv", "u,i,n,m\na,1,5,x|y\nb,2,6,\nc,3,7,z\n");
    const { columns } = await read([file], {
      n: { role: "label" },
      m: { role: "item", kind: "multi", maxLength: 2, missing: "empty" },
    });
    const rows = Int32Array.of(2, 0, 1, 2);
    expect(["u", "n", "m"].map((name) => cellsOf(takeRows(columns.get(name)!, rows)))).toEqual([
      ["c", "a", "b", "c"],
      [7, 5, 6, 7],
      [["z"], ["x", "y"], [], ["z"]],
    ]);
  });
});
