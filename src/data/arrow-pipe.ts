// Arrow streams from one process to the next: read and written batch by batch, never kept.
import { once } from "node:events";
import type { Writable } from "node:stream";
import {
  type Data,
  Field,
  Float32,
  makeData,
  RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
} from "apache-arrow";
import { DataError } from "../errors.ts";
import { batchChunk, registerZstd, unreadable } from "./read-arrow.ts";
import { checkHeader, type TableChunk } from "./table-chunk.ts";

/** One record batch as it came, and its named columns. */
export interface PipedBatch {
  readonly batch: RecordBatch;
  readonly chunk: TableChunk;
}

const END_OF_STREAM = Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0);

/**
 * Reads an Arrow IPC stream from a pipe; one empty batch where it holds none. Memory: one record batch.
 *
 * @param name - what the pipe is called in messages.
 * @throws {DataError} the stream is no Arrow stream, lacks a column, or does not end with its end-of-stream marker.
 */
export async function* readArrowPipe(
  name: string,
  pipe: AsyncIterable<Uint8Array>,
  columns: readonly string[],
): AsyncGenerator<PipedBatch> {
  const tail = new Uint8Array(END_OF_STREAM.length);
  try {
    registerZstd();
    const reader = await RecordBatchReader.from(keepTail(pipe, tail));
    await reader.open();
    const { schema } = reader;
    const { fields } = schema;
    checkHeader(
      name,
      fields.map((field) => field.name),
      columns,
    );
    let [firstRow, batches] = [0, 0];
    for await (const batch of reader) {
      yield { batch, chunk: batchChunk(batch, columns, firstRow) };
      firstRow += batch.numRows;
      batches++;
    }
    // What comes after must learn the columns, even of no rows.
    if (batches === 0) {
      const batch = new RecordBatch(schema);
      yield { batch, chunk: batchChunk(batch, columns, 0) };
    }
  } catch (error) {
    throw unreadable(name, "Arrow IPC stream", error);
  }
  // The library takes a cut stream for a shorter one.
  if (!tail.every((byte, i) => byte === END_OF_STREAM[i]))
    throw new DataError(`${name}: an Arrow IPC stream must end with its end-of-stream marker, got a cut one`);
}

async function* keepTail(pipe: AsyncIterable<Uint8Array>, tail: Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const bytes of pipe) {
    if (bytes.length >= tail.length) tail.set(bytes.subarray(bytes.length - tail.length));
    else {
      tail.copyWithin(0, bytes.length);
      tail.set(bytes, tail.length - bytes.length);
    }
    yield bytes;
  }
}

/** A record batch with float32 columns behind its own. @throws {DataError} a name is taken. */
export function withFloatColumns(
  name: string,
  batch: RecordBatch,
  columns: Readonly<Record<string, Float32Array>>,
): RecordBatch {
  const names = Object.keys(columns);
  const taken = names.find((column) => batch.schema.fields.some((field) => field.name === column));
  if (taken !== undefined) throw new DataError(`${name}: column names must differ, got "${taken}" that is also a head`);
  const fields = [...batch.schema.fields, ...names.map((column) => new Field(column, new Float32(), false))];
  const length = batch.numRows;
  const own: Data[] = names.map((column) =>
    makeData({ type: new Float32(), length, nullCount: 0, data: columns[column]! }),
  );
  const data = makeData({
    type: new Struct(fields),
    length,
    nullCount: 0,
    children: [...batch.data.children, ...own],
  });
  return new RecordBatch(new Schema(fields, batch.schema.metadata), data);
}

/**
 * Writes record batches as an Arrow IPC stream, no faster than the pipe takes them. The end-of-stream marker is written
 * after the last batch alone: after an error the stream is a cut one.
 */
export async function writeArrowPipe(batches: AsyncIterable<RecordBatch>, pipe: Writable): Promise<void> {
  const writer = new RecordBatchStreamWriter();
  let failed = false;
  let broken: Error | undefined;
  pipe.on("error", (error) => {
    broken = error;
  });
  const drained = (async () => {
    for await (const bytes of writer) {
      if (failed) return;
      if (!pipe.write(bytes)) await once(pipe, "drain");
    }
  })();
  try {
    for await (const batch of batches) {
      if (broken !== undefined)
        throw new DataError(`stdout: pipe must take the result, got: ${broken.message}`, { cause: broken });
      writer.write(batch);
      // The writer's queue has no limit of its own: it is emptied before the next batch is asked for.
      await new Promise(setImmediate);
      if (pipe.writableNeedDrain) await once(pipe, "drain");
    }
    writer.finish();
    await drained;
  } catch (error) {
    // The library writes the end-of-stream marker even when it is told to give up.
    failed = true;
    writer.abort(error);
    await drained.catch(() => {});
    throw error;
  }
}
