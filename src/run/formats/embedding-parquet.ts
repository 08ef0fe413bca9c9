// N = rows of a batch, D = width of the vectors
import { ByteWriter, ParquetWriter, type SchemaElement, type Writer } from "hyparquet-writer";
import { ConfigError, DataError, ShapeError } from "../../errors.ts";
import { type WriteBytes, writeAtomically } from "../../files/atomic-write.ts";
import type { FileLayer } from "../../files/file-layer.ts";

/** Some rows of an embedding table. */
export interface EmbeddingBatch {
  /** [N] texts, or whole numbers below 2^53. */
  readonly ids: readonly string[] | readonly number[];
  /** [N, D] row-major, finite. */
  readonly vectors: Float32Array;
}

export interface WriteEmbeddingsOptions {
  /** D, >= 1. */
  readonly width: number;
  /** Type of the id column. */
  readonly ids: "int64" | "string";
  /** Key-value texts of the file: tower, run, checkpoint. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly files?: FileLayer;
}

/**
 * Writes vectors as Parquet, atomically: columns `id` (int64 or string) and `embedding` (list of float), in row
 * groups of about 1 MiB. pandas, DuckDB and Spark read it as it is.
 *
 * @returns rows written.
 * @throws {ShapeError} vectors that are not [N, D]. @throws {DataError} ids of the wrong kind, numbers that are not
 *   finite, a full disk. @throws {ConfigError} a bad width.
 */
export async function writeEmbeddings(
  path: string,
  batches: Iterable<EmbeddingBatch> | AsyncIterable<EmbeddingBatch>,
  { width, ids, metadata = {}, files }: WriteEmbeddingsOptions,
): Promise<number> {
  if (!(Number.isSafeInteger(width) && width >= 1)) {
    throw new ConfigError(`${path}: width must be a whole number >= 1, got ${width}`);
  }
  let rows = 0;
  const produce = async (write: WriteBytes): Promise<void> => {
    const writer = flushingWriter(write);
    const kvMetadata = Object.entries(metadata).map(([key, value]) => ({ key, value }));
    const parquet = new ParquetWriter({
      writer,
      schema: schema(ids),
      codec: "UNCOMPRESSED",
      kvMetadata,
      createdBy: "twinstill",
    });
    for await (const batch of batches) {
      for (const group of rowGroups(path, batch, width)) {
        await parquet.write({ columnData: columns(path, group, { width, ids }), rowGroupSize: group.ids.length });
        rows += group.ids.length;
      }
    }
    await parquet.finish();
    await writer.flush();
  };
  await writeAtomically(path, produce, files === undefined ? {} : { files });
  return rows;
}

/** Numbers of a row group: the writer holds each as a JavaScript number, and slows down past a million of them. */
const GROUP_NUMBERS = 2 ** 18;

function schema(ids: "int64" | "string"): SchemaElement[] {
  const id: SchemaElement =
    ids === "int64"
      ? { name: "id", type: "INT64", repetition_type: "REQUIRED" }
      : { name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" };
  return [
    { name: "root", num_children: 2 },
    id,
    { name: "embedding", repetition_type: "REQUIRED", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
  ];
}

/** A Parquet writer's memory that is emptied into the file after each row group. */
function flushingWriter(write: WriteBytes): Writer & { flush(): Promise<void> } {
  const writer = new ByteWriter();
  const flush = async (): Promise<void> => {
    const bytes = writer.getBytes();
    await write(bytes);
    writer.index = 0;
  };
  return Object.assign(writer, { flush });
}

function* rowGroups(path: string, { ids, vectors }: EmbeddingBatch, width: number): Iterable<EmbeddingBatch> {
  if (vectors.length !== ids.length * width) {
    throw new ShapeError(`${path}: vectors must be ids x width = ${ids.length} x ${width}, got ${vectors.length}`);
  }
  const rows = Math.max(1, Math.floor(GROUP_NUMBERS / width));
  for (let start = 0; start < ids.length; start += rows) {
    const end = Math.min(ids.length, start + rows);
    yield { ids: ids.slice(start, end), vectors: vectors.subarray(start * width, end * width) };
  }
}

function columns(path: string, { ids: given, vectors }: EmbeddingBatch, { width, ids }: WriteEmbeddingsOptions) {
  const id = [...given].map((value) => (ids === "int64" ? wholeId(path, value) : textId(path, value)));
  const bad = vectors.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new DataError(`${path}: embedding of id ${id[Math.floor(bad / width)]} must be finite, got ${vectors[bad]}`);
  const embedding = id.map((_, row) => Array.from(vectors.subarray(row * width, (row + 1) * width)));
  return [
    { name: "id", data: id },
    // No dictionary and no statistics: floats that hardly ever repeat have use for neither.
    { name: "embedding", data: embedding, encoding: "PLAIN" as const, statistics: false },
  ];
}

function wholeId(path: string, id: string | number): bigint {
  if (typeof id === "number" && Number.isSafeInteger(id)) return BigInt(id);
  throw new DataError(`${path}: id must be a whole number below 2^53 in an int64 column, got ${JSON.stringify(id)}`);
}

function textId(path: string, id: string | number): string {
  if (typeof id === "string") return id;
  throw new DataError(`${path}: id must be a text in a string column, got ${id}`);
}
