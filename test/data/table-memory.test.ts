import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { ColumnConfig } from "../../src/data/column-config.ts";
import { dataConfig } from "../../src/data/config.ts";
import { readTable } from "../../src/data/raw-table.ts";
import { countArrowRows } from "../../src/data/read-arrow.ts";
import { countParquetRows } from "../../src/data/read-parquet.ts";
import type { FileFormat } from "../../src/data/source-files.ts";
import { encodedShares, rawTableShares } from "../../src/data/table-memory.ts";
import { writeArrow } from "../../src/data/write-arrow.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { writeParquet } from "../../src/data/write-parquet.ts";
import { DataError } from "../../src/errors.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const columns: Readonly<Record<string, ColumnConfig>> = dataConfig.parse({
  source: "x.csv",
  columns: {
    user: { role: "user", kind: "id" },
    item: { role: "item", kind: "id" },
    price: { role: "item", kind: "numeric" },
    tags: { role: "item", kind: "multi", maxLength: 3 },
    y: { role: "label" },
  },
  labels: { y: "y" },
}).columns;

describe("the memory of a table", () => {
  it("is 8 bytes a number and 4 a code as it is read, and 4 a number or id encoded", () => {
    const bytes = (shares: readonly { readonly bytes: number }[]) => shares.map((share) => share.bytes);
    expect(bytes(rawTableShares(10, columns))).toEqual([40, 40, 80, 40, 80]);
    expect(bytes(encodedShares(10, columns))).toEqual([40, 40, 40, 120]);
    expect(rawTableShares(10, columns)[2]).toEqual({ name: 'column "price" as read', bytes: 80 });
  });
});

describe("rows that cannot fit", () => {
  const few = { user: columns.user!, y: columns.y! };
  const rows = 1000;
  const table: readonly WriteColumn[] = [
    { name: "user", type: "string", values: Array.from({ length: rows }, (_, i) => `u${i % 7}`) },
    { name: "y", type: "float64", values: Float64Array.from({ length: rows }, (_, i) => i) },
  ];
  const at = (name: string): string => path.join(folder, name);
  const read = (name: string, format: FileFormat, memoryLimit: number, seen: number[] = []) =>
    readTable([{ path: at(name), name, format }], few, {
      memoryLimit,
      onProgress: (progress) => seen.push(progress.rows),
    });

  it.each(["parquet", "arrow-file", "arrow-stream"] as const)("are refused before one is read: %s", async (format) => {
    const name = `rows.${format}`;
    if (format === "parquet") await writeParquet(at(name), table, { rowsPerGroup: 300 });
    else await writeArrow(at(name), table, { format: format === "arrow-file" ? "file" : "stream", rowsPerBatch: 300 });
    const count = {
      parquet: countParquetRows,
      "arrow-file": (p: string) => countArrowRows(p, "file"),
      "arrow-stream": (p: string) => countArrowRows(p, "stream"),
    };
    expect(await count[format](at(name))).toBe(rows);
    const seen: number[] = [];
    const failed = read(name, format, 11_999, seen);
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(
      'data.source of 1000 rows: memory must hold 11.7 KiB at least (column "y" as read 7.8 KiB, column "user" as read 3.9 KiB), got 11.7 KiB in all; leave out columns, name fewer files, or use a machine with more memory',
    );
    expect(seen).toEqual([]);
    expect((await read(name, format, 12_000)).rows).toBe(rows);
  });

  it("are refused as soon as it is known: text", async () => {
    writeFileSync(at("rows.csv"), `user,y\n${"u1,2\n".repeat(100_000)}`);
    const seen: number[] = [];
    await expect(read("rows.csv", "csv", 12 * 50_000, seen)).rejects.toThrow(
      /data\.source of \d+ rows: memory must hold/,
    );
    expect(Math.max(0, ...seen)).toBeLessThan(60_000);
  });
});
