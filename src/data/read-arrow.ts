import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import {
  CompressionType,
  compressionRegistry,
  DataType,
  Precision,
  type RecordBatch,
  RecordBatchReader,
  type Vector,
} from "apache-arrow";
import { DataError } from "../errors.ts";
import { checkBatch } from "../files/arrow-batch.ts";
import { decodeZstd } from "../files/decode-zstd.ts";
import { checkFileFraming, checkStreamFraming } from "./arrow-framing.ts";
import { brokenFile, type Cells, checkHeader, type TableChunk } from "./table-chunk.ts";

/** Key of the schema metadata under which our writer keeps the row count, as a decimal string. */
export const ROWS_METADATA_KEY = "twinstill.rows";

/**
 * Reads an Arrow IPC file, one chunk for each record batch. Memory: one record batch.
 *
 * @throws {DataError} the file is cut or broken, a column is missing, or there are fewer rows than the writer recorded.
 * Source: Arrow columnar format, IPC file, https://arrow.apache.org/docs/format/Columnar.html
 */
export async function* readArrowFile(path: string, columns: readonly string[]): AsyncGenerator<TableChunk> {
  const handle = await openArrow(path);
  try {
    await checkFileFraming(path, handle);
    yield* readBatches(path, columns, await RecordBatchReader.from(watched(handle, (await handle.stat()).size)));
  } catch (error) {
    throw unreadable(path, "Arrow IPC", error);
  } finally {
    await closeQuietly(handle);
  }
}

/**
 * Reads an Arrow IPC stream, one chunk for each record batch. Memory: one record batch.
 *
 * @throws {DataError} the stream does not end with its end-of-stream marker, a column is missing, or there are fewer
 *   rows than the writer recorded.
 * Source: Arrow columnar format, IPC streaming, https://arrow.apache.org/docs/format/Columnar.html
 */
export async function* readArrowStream(path: string, columns: readonly string[]): AsyncGenerator<TableChunk> {
  const handle = await openArrow(path);
  try {
    await checkStreamFraming(path, handle);
  } catch (error) {
    throw unreadable(path, "Arrow IPC stream", error);
  } finally {
    await handle.close();
  }
  try {
    yield* readBatches(path, columns, await RecordBatchReader.from(createReadStream(path)));
  } catch (error) {
    throw unreadable(path, "Arrow IPC stream", error);
  }
}

/** Rows that the record batches of an Arrow file or stream say they have. @throws Error it is broken. */
export async function countArrowRows(path: string, format: "file" | "stream"): Promise<number> {
  const handle = await openArrow(path);
  try {
    return await (format === "file" ? checkFileFraming : checkStreamFraming)(path, handle);
  } finally {
    await handle.close();
  }
}

async function openArrow(path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    throw brokenFile(path, "Arrow IPC", error);
  }
}

/** The handle, with an error where nothing can be read, or too often: the library would ask again for ever. */
function watched(handle: FileHandle, size: number): FileHandle {
  let left = 64 + size / 8; // no message takes less than 32 bytes, and none is read in more than four pieces
  const read = async (target: Uint8Array, offset: number, length: number, position: number) => {
    if (!(Number.isSafeInteger(position) && position >= 0))
      throw new Error(`a block must begin in the file, got ${position}`);
    const result = await handle.read(target, offset, length, position);
    if (left-- < 0) throw new Error("its messages must follow each other, got one again and again");
    if (result.bytesRead === 0 && length > 0) throw new Error(`a block must lie in the file, got none at ${position}`);
    return result;
  };
  const { fd } = handle;
  return { fd, read, stat: () => handle.stat(), close: () => handle.close() } as unknown as FileHandle;
}

/** The part of the library's readers, sync or async, that is used here. */
type BatchReader = Awaited<ReturnType<typeof RecordBatchReader.from>>;

async function* readBatches(path: string, columns: readonly string[], reader: BatchReader): AsyncGenerator<TableChunk> {
  registerZstd();
  await reader.open();
  // Taken now: the reader lets go of its schema when it comes to the end.
  const { fields, metadata } = reader.schema;
  checkHeader(
    path,
    fields.map((field) => field.name),
    columns,
  );
  let firstRow = 0;
  for await (const batch of reader) {
    checkBatch(path, batch);
    yield batchChunk(batch, columns, firstRow);
    firstRow += batch.numRows;
  }
  const recorded = metadata.get(ROWS_METADATA_KEY);
  if (recorded !== undefined && Number(recorded) !== firstRow) {
    throw new DataError(`${path}: the file must hold the ${recorded} rows that its writer recorded, got ${firstRow}`);
  }
}

/** Lets the library read batches that zstd compressed. */
export function registerZstd(): void {
  if (compressionRegistry.get(CompressionType.ZSTD) !== null) return;
  compressionRegistry.set(CompressionType.ZSTD, { decode: decodeZstd });
}

/** The named columns of one record batch. */
export function batchChunk(batch: RecordBatch, columns: readonly string[], firstRow: number): TableChunk {
  const cells = columns.map((name) => [name, vectorCells(batch.getChild(name)!)] as const);
  return { firstRow, rows: batch.numRows, columns: new Map(cells) };
}

/** The error for bytes that are no such Arrow data. */
export function unreadable(path: string, format: string, error: unknown): DataError {
  if (!(error instanceof Error && error.message.includes("codec not found"))) return brokenFile(path, format, error);
  const rule = "an Arrow file must be uncompressed or compressed by zstd, got another compression (lz4?)";
  return new DataError(`${path}: ${rule}; write it again with zstd`, { cause: error });
}

/** Plain numbers without nulls as they lie in memory; the rest value by value, because toArray reads a null as 0. */
function vectorCells(vector: Vector): Cells {
  const { type } = vector;
  const plain = DataType.isInt(type) || (DataType.isFloat(type) && type.precision !== Precision.HALF);
  if (plain && vector.nullCount === 0) return vector.toArray();
  const nested = DataType.isList(type) || DataType.isFixedSizeList(type);
  const cells: unknown[] = new Array(vector.length);
  for (let i = 0; i < vector.length; i++) {
    const value: unknown = vector.get(i);
    cells[i] = nested && value !== null ? vectorCells(value as Vector) : value;
  }
  return cells;
}

async function closeQuietly(handle: FileHandle): Promise<void> {
  // The library closes the handle itself at the end of the file, but not after an error or an early return.
  await handle.close().catch(() => undefined);
}
