import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { readParquet } from "../../src/data/read-parquet.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { DataError } from "../../src/errors.ts";
import { PYARROW_COLUMNS, PYARROW_ROWS } from "./pyarrow-rows.ts";
import { readAll } from "./read-all.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const golden = (name: string): string => path.join(import.meta.dirname, "golden", name);

describe("readParquet and writeParquet", () => {
  it.each([
    ["none", 1, 1],
    ["snappy", 7, 3],
    ["gzip", 33, 32],
    ["snappy", 64, 64],
  ] as const)("give back what was written: codec %s, %i rows, groups of %i", async (codec, rows, rowsPerGroup) => {
    const at = path.join(folder, `${codec}-${rows}.parquet`);
    const columns = sampleColumns(rows);
    await writeParquet(at, columns, { codec, rowsPerGroup });
    const table = await readAll(
      readParquet(
        at,
        columns.map((column) => column.name),
      ),
    );
    expect(table.rows).toBe(rows);
    expect(table.chunks).toBe(Math.ceil(rows / rowsPerGroup));
    expect(table.columns).toEqual(sampleCells(rows));
  });

  it.each(["pyarrow-zstd.parquet", "pyarrow-v2.parquet"])("reads %s, which pyarrow wrote", async (name) => {
    const table = await readAll(readParquet(golden(name), PYARROW_COLUMNS));
    expect(table.columns).toEqual(PYARROW_ROWS);
  });

  it("is an error when cut at any byte", async () => {
    const whole = readFileSync(golden("pyarrow-v2.parquet"));
    const at = path.join(folder, "cut.parquet");
    const accepted: number[] = [];
    for (let cut = 0; cut < whole.length; cut += cut > 16 && cut < whole.length - 600 ? 13 : 1) {
      writeFileSync(at, whole.subarray(0, cut));
      const result = await readAll(readParquet(at, PYARROW_COLUMNS)).catch((error: unknown) => error);
      if (!(result instanceof DataError && result.message.startsWith(at))) accepted.push(cut);
    }
    expect(accepted).toEqual([]);
  });

  it("is an error when a column holds fewer values than its row group", async () => {
    const at = path.join(folder, "short.parquet");
    const columnData = [{ name: "a", data: Int32Array.of(1, 2, 3) }];
    const writer = new ParquetWriter({ writer: fileWriter(at), schema: schemaFromColumnData({ columnData }) });
    await writer.write({ columnData });
    writer.row_groups[0]!.num_rows = 4n;
    writer.num_rows = 4n;
    await writer.finish();
    await expect(readAll(readParquet(at, ["a"]))).rejects.toThrow(
      `${at}: rows 1 to 4 of column "a" must hold 4 values, got 3`,
    );
  });

  it("names what is wrong", async () => {
    const at = path.join(folder, "wrong.parquet");
    await writeParquet(at, sampleColumns(3));
    await expect(readAll(readParquet(at, ["int"]))).rejects.toThrow(
      `${at}: column "int" must be there, got int32, int64, float32, float64, boolean, string, list, vector; did you mean "int32"?`,
    );
    writeFileSync(at, "a,b\n1,2\n");
    await expect(readAll(readParquet(at, ["a"]))).rejects.toThrow(
      `${at}: the file must be a whole Parquet file, got: parquet file invalid (footer != PAR1); write or copy it again, or set data.format if it is another format`,
    );
    await expect(readAll(readParquet(path.join(folder, "gone"), ["a"]))).rejects.toThrow(
      `${path.join(folder, "gone")}: the file must be readable, got ENOENT`,
    );
  });

  it("refuses to write columns that do not fit each other", async () => {
    const at = path.join(folder, "never.parquet");
    const a: WriteColumn = { name: "a", type: "int32", values: [1, 2] };
    await expect(writeParquet(at, [a, { ...a, name: "b", values: [1] }])).rejects.toThrow(
      "writeParquet: columns must have equally many rows, got 2 in a, 1 in b",
    );
    await expect(writeParquet(at, [a, a])).rejects.toThrow('writeParquet: column names must differ, got "a" twice');
    await expect(writeParquet(at, [])).rejects.toThrow("writeParquet: columns must not be empty, got none");
  });
});

function sampleCells(rows: number): Record<string, unknown[]> {
  const cells = (cell: (i: number) => unknown): unknown[] => Array.from({ length: rows }, (_, i) => cell(i));
  return {
    int32: cells((i) => (i % 5 === 4 ? null : i - 3)),
    int64: cells((i) => 2n ** 55n + BigInt(i)),
    float32: cells((i) => i + 0.5),
    float64: cells((i) => i / 3),
    boolean: cells((i) => i % 2 === 0),
    string: cells((i) => (i % 4 === 3 ? null : `ü${i % 6}`)),
    list: cells((i) => (i % 3 === 2 ? null : Array.from({ length: i % 3 }, (_, j) => `t${i + j}`))),
    vector: cells((i) => [i, i + 0.25, -i]).map((vector) => (vector as number[]).map((x) => x + 0)),
  };
}

function sampleColumns(rows: number): WriteColumn[] {
  const cells = sampleCells(rows);
  const vectors = (cells.vector as number[][]).flat();
  return [
    { name: "int32", type: "int32", values: cells.int32 as (number | null)[] },
    { name: "int64", type: "int64", values: cells.int64 as bigint[] },
    { name: "float32", type: "float32", values: Float32Array.from(cells.float32 as number[]) },
    { name: "float64", type: "float64", values: cells.float64 as number[] },
    { name: "boolean", type: "boolean", values: cells.boolean as boolean[] },
    { name: "string", type: "string", values: cells.string as (string | null)[] },
    { name: "list", type: "string-list", values: cells.list as (string[] | null)[] },
    { name: "vector", type: "float32-vector", width: 3, values: Float32Array.from(vectors) },
  ];
}
