import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Field, Int32, type RecordBatch, Schema, Table, tableToIPC, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { readArrowFile, readArrowStream } from "../../src/data/read-arrow.ts";
import { writeArrow } from "../../src/data/write-arrow.ts";
import type { WriteColumn } from "../../src/data/write-column.ts";
import { DataError } from "../../src/errors.ts";
import { PYARROW_COLUMNS, PYARROW_ROWS } from "./pyarrow-rows.ts";
import { readAll } from "./read-all.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const golden = (name: string): string => path.join(import.meta.dirname, "golden", name);
const READERS = { file: readArrowFile, stream: readArrowStream } as const;

/** Reads every prefix of the bytes and gives the lengths that were not refused by a DataError. */
async function acceptedCuts(bytes: Uint8Array, read: (at: string) => Promise<unknown>): Promise<number[]> {
  const at = path.join(folder, "cut");
  const accepted: number[] = [];
  for (let cut = 0; cut < bytes.length; cut++) {
    writeFileSync(at, bytes.subarray(0, cut));
    const result = await read(at).catch((error: unknown) => error);
    if (!(result instanceof DataError && result.message.startsWith(at))) accepted.push(cut);
  }
  return accepted;
}

const columns: WriteColumn[] = [
  { name: "id", type: "int64", values: [5, 2n ** 60n, 7] },
  { name: "label", type: "int32", values: [1, null, 0] },
  { name: "text", type: "string", values: ["a", null, "ü"] },
  { name: "flag", type: "boolean", values: [true, false, true] },
  { name: "price", type: "float64", values: [0.1, 0.2, 0.3] },
  { name: "tags", type: "string-list", values: [["x"], [], ["y", "z"]] },
  { name: "vector", type: "float32-vector", width: 3, values: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9) },
];
const cells = {
  id: [5n, 2n ** 60n, 7n],
  label: [1, null, 0],
  text: ["a", null, "ü"],
  flag: [true, false, true],
  price: [0.1, 0.2, 0.3],
  tags: [["x"], [], ["y", "z"]],
  vector: [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
  ],
};

describe.each(["file", "stream"] as const)("Arrow IPC %s", (format) => {
  const read = (at: string, names: readonly string[]) => readAll(READERS[format](at, names));

  it("gives back what was written, batch by batch", async () => {
    const at = path.join(folder, `round-${format}`);
    await writeArrow(at, columns, { format, rowsPerBatch: 2 });
    const table = await read(at, Object.keys(cells));
    expect(table.chunks).toBe(2);
    expect(table.columns).toEqual(cells);
  });

  it("is an error when cut at any byte", async () => {
    const at = path.join(folder, `whole-${format}`);
    await writeArrow(at, columns.slice(0, 3), { format, rowsPerBatch: 1 });
    expect(await acceptedCuts(readFileSync(at), (cut) => read(cut, ["id"]))).toEqual([]);
  });

  it("is an error when it holds fewer rows than its writer recorded", async () => {
    const at = path.join(folder, `short-${format}`);
    const schema = new Schema([new Field("a", new Int32(), false)], new Map([["twinstill.rows", "5"]]));
    const batch = new Table(schema, { a: vectorFromArray([1, 2], new Int32()) }).batches[0] as RecordBatch;
    writeFileSync(at, tableToIPC(new Table(schema, [batch]), format));
    await expect(read(at, ["a"])).rejects.toThrow(
      `${at}: the file must hold the 5 rows that its writer recorded, got 2`,
    );
  });

  it("names a missing column and an unreadable file", async () => {
    const at = path.join(folder, `names-${format}`);
    await writeArrow(at, columns.slice(0, 2), { format });
    await expect(read(at, ["labels"])).rejects.toThrow(
      `${at}: column "labels" must be there, got id, label; did you mean "label"?`,
    );
    await expect(read(path.join(folder, "gone"), ["a"])).rejects.toThrow("the file must be readable, got ENOENT");
  });
});

describe("Arrow from pyarrow", () => {
  it.each(["pyarrow-plain.arrows", "pyarrow-zstd.arrows"])("reads %s", async (name) => {
    const table = await readAll(readArrowStream(golden(name), PYARROW_COLUMNS));
    expect(table.chunks).toBe(3);
    expect(table.columns).toEqual(PYARROW_ROWS);
  });

  it("reads a file", async () => {
    expect((await readAll(readArrowFile(golden("pyarrow-plain.arrow"), PYARROW_COLUMNS))).columns).toEqual(
      PYARROW_ROWS,
    );
  });

  it("says what to do about lz4", async () => {
    await expect(readAll(readArrowFile(golden("pyarrow-lz4.arrow"), PYARROW_COLUMNS))).rejects.toThrow(
      "must be uncompressed or compressed by zstd, got another compression (lz4?); write it again with zstd",
    );
  });

  it("is an error when cut at any byte", async () => {
    const stream = readFileSync(golden("pyarrow-plain.arrows"));
    expect(await acceptedCuts(stream, (at) => readAll(readArrowStream(at, ["user"])))).toEqual([]);
  });
});

describe("Arrow framing", () => {
  it("refuses bytes after the end of a stream", async () => {
    const at = path.join(folder, "long");
    writeFileSync(at, Buffer.concat([readFileSync(golden("pyarrow-plain.arrows")), Buffer.alloc(3)]));
    await expect(readAll(readArrowStream(at, ["user"]))).rejects.toThrow(
      `${at}: an Arrow IPC stream must end with its marker, got 3 bytes after it`,
    );
  });

  it("tells a stream that is given as a file, and a file that is given as a stream", async () => {
    await expect(readAll(readArrowFile(golden("pyarrow-plain.arrows"), ["user"]))).rejects.toThrow(
      "the file must begin with ARROW1, got other bytes; set data.format if it is another format",
    );
    await expect(readAll(readArrowStream(golden("pyarrow-plain.arrow"), ["user"]))).rejects.toThrow(
      "the file must be a whole Arrow IPC stream that ends with its end-of-stream marker",
    );
  });
});
