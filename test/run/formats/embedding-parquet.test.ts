import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { describe, expect, it } from "vitest";
import { type EmbeddingBatch, writeEmbeddings } from "../../../src/run/formats/embedding-parquet.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const path = join(folder, "items.parquet");

function fileBytes(): ArrayBuffer {
  const bytes = readFileSync(path);
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
}

describe("writeEmbeddings", () => {
  it("writes int64 ids and lists of float32, batch by batch", async () => {
    async function* batches(): AsyncIterable<EmbeddingBatch> {
      yield { ids: [3, -1], vectors: Float32Array.of(0.1, 1, 2, 3) };
      yield { ids: [2 ** 53 - 1], vectors: Float32Array.of(-0, 1e-40) };
    }
    expect(await writeEmbeddings(path, batches(), { width: 2, ids: "int64", metadata: { tower: "item" } })).toBe(3);
    const rows = await parquetReadObjects({ file: fileBytes() });
    expect(rows).toEqual([
      { id: 3n, embedding: [Math.fround(0.1), 1] },
      { id: -1n, embedding: [2, 3] },
      { id: 2n ** 53n - 1n, embedding: [-0, Math.fround(1e-40)] },
    ]);
    const { key_value_metadata: texts, schema } = parquetMetadata(fileBytes());
    expect(texts).toEqual([{ key: "tower", value: "item" }]);
    expect(schema.map(({ name, type }) => [name, type])).toEqual([
      ["root", undefined],
      ["id", "INT64"],
      ["embedding", undefined],
      ["list", undefined],
      ["element", "FLOAT"],
    ]);
  });

  it("writes string ids, and many row groups without loss", async () => {
    const rows = 30_000;
    const width = 17;
    const ids = Array.from({ length: rows }, (_, row) => `ü${row}`);
    const vectors = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i));
    await writeEmbeddings(path, [{ ids, vectors }], { width, ids: "string" });
    expect(parquetMetadata(fileBytes()).row_groups.length).toBe(2);
    const read = await parquetReadObjects({ file: fileBytes() });
    expect(read.length).toBe(rows);
    expect(read.map(({ id }) => id)).toEqual(ids);
    expect(Float32Array.from(read.flatMap(({ embedding }) => embedding))).toEqual(vectors);
  });

  it("refuses what does not fit, and leaves no file behind", async () => {
    const messages: string[] = [];
    const attempt = async (batch: EmbeddingBatch, ids: "int64" | "string", width = 1): Promise<void> => {
      const refused = join(folder, "refused.parquet");
      await writeEmbeddings(refused, [batch], { width, ids }).catch((error: Error) =>
        messages.push(`${error.name}: ${error.message.replace(refused, "FILE")}`),
      );
    };
    await attempt({ ids: [1, 2], vectors: Float32Array.of(1) }, "int64");
    await attempt({ ids: [1.5], vectors: Float32Array.of(1) }, "int64");
    await attempt({ ids: ["1"], vectors: Float32Array.of(1) }, "int64");
    await attempt({ ids: [1], vectors: Float32Array.of(1) }, "string");
    await attempt({ ids: ["a", "b"], vectors: Float32Array.of(1, 2, 3, Number.NaN) }, "string", 2);
    await attempt({ ids: [], vectors: new Float32Array() }, "string", 0);
    expect(messages).toMatchInlineSnapshot(`
      [
        "ShapeError: FILE: vectors must be ids x width = 2 x 1, got 1",
        "DataError: FILE: id must be a whole number below 2^53 in an int64 column, got 1.5",
        "DataError: FILE: id must be a whole number below 2^53 in an int64 column, got "1"",
        "DataError: FILE: id must be a text in a string column, got 1",
        "DataError: FILE: embedding of id b must be finite, got NaN",
        "ConfigError: FILE: width must be a whole number >= 1, got 0",
      ]
    `);
    expect(readdirSync(folder)).toEqual(["items.parquet"]);
  });
});
