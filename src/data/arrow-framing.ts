// A cut Arrow stream reads as a shorter, valid one, and some cut files read as empty: the library does not tell an end
// from a cut. So the frames are walked first, which reads the headers of the messages and skips their bodies.
import type { FileHandle } from "node:fs/promises";
import { Message } from "apache-arrow";
import { DataError } from "../errors.ts";
import { checkMessage, footerBlocks } from "../files/arrow-vectors.ts";

const MAGIC = "ARROW1";
const FOOTER_TAIL_BYTES = 4 + MAGIC.length;
const CONTINUATION = -1;

/**
 * Walks the messages of an Arrow IPC stream up to its end-of-stream marker.
 *
 * @returns the rows that its record batches say they have.
 * @throws {DataError} the file is empty, ends within a message or without the marker, or goes on after it.
 */
export async function checkStreamFraming(path: string, handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  if (size === 0) throw new DataError(`${path}: the file must be an Arrow IPC stream, got an empty file`);
  let at = 0;
  let rows = 0;
  for (;;) {
    const frame = await readFrame(path, handle, { at, size });
    at = frame.next;
    rows += frame.rows;
    if (frame.last) break;
  }
  if (at !== size) {
    throw new DataError(`${path}: an Arrow IPC stream must end with its marker, got ${size - at} bytes after it`);
  }
  return rows;
}

/**
 * Checks the two magic words and the footer of an Arrow IPC file, and the header of every message that it names.
 *
 * @returns the rows that its record batches say they have.
 * @throws {DataError} the file is empty, cut, or no Arrow IPC file. @throws Error a header is broken.
 */
export async function checkFileFraming(path: string, handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  if (size === 0) throw new DataError(`${path}: the file must be an Arrow IPC file, got an empty file`);
  const head = await readBytes(handle, 0, Math.min(size, MAGIC.length));
  if (head.toString("latin1") !== MAGIC) {
    const cure = "set data.format if it is another format (an Arrow stream: arrow-stream)";
    throw new DataError(`${path}: the file must begin with ${MAGIC}, got other bytes; ${cure}`);
  }
  const tail = await readBytes(handle, Math.max(0, size - FOOTER_TAIL_BYTES), FOOTER_TAIL_BYTES);
  const footerBytes = tail.length === FOOTER_TAIL_BYTES ? tail.readInt32LE(0) : 0;
  const whole = tail.toString("latin1", 4) === MAGIC && footerBytes > 0 && footerBytes + FOOTER_TAIL_BYTES < size;
  if (!whole) throw new DataError(`${path}: the file must end with its footer, got a cut file; write or copy it again`);
  const end = size - FOOTER_TAIL_BYTES;
  let rows = 0;
  for (const { at, metadataBytes, type } of footerBlocks(await readBytes(handle, end - footerBytes, footerBytes))) {
    if (!(at >= 0 && metadataBytes >= 8 && at + metadataBytes <= end))
      throw new Error(`a block must lie in the file, got byte ${at}`);
    const message = await readBytes(handle, at, metadataBytes);
    const metadata = message.subarray(message.readInt32LE(0) === CONTINUATION ? 8 : 4);
    checkMessage(metadata, type);
    rows += rowsOf(Message.decode(metadata));
  }
  return rows;
}

/** Rows of a message that is a record batch; 0 of others. */
function rowsOf(message: Message): number {
  return message.isRecordBatch() ? message.header().length : 0;
}

interface Frame {
  readonly last: boolean;
  readonly next: number;
  readonly rows: number;
}

async function readFrame(
  path: string,
  handle: FileHandle,
  { at, size }: { readonly at: number; readonly size: number },
): Promise<Frame> {
  const prefix = await readBytes(handle, at, 8);
  // Writers before Arrow 0.15 leave the continuation word out.
  const modern = prefix.length >= 4 && prefix.readInt32LE(0) === CONTINUATION;
  const prefixBytes = modern ? 8 : 4;
  if (prefix.length < prefixBytes) throw cutStream(path, size);
  const metadataBytes = prefix.readInt32LE(prefixBytes - 4);
  const metadataAt = at + prefixBytes;
  if (metadataBytes === 0) return { last: true, next: metadataAt, rows: 0 };
  if (metadataBytes < 0 || metadataAt + metadataBytes > size) throw cutStream(path, size);
  const metadata = await readBytes(handle, metadataAt, metadataBytes);
  checkMessage(metadata);
  const message = Message.decode(metadata);
  const { bodyLength } = message;
  if (!(bodyLength >= 0)) throw cutStream(path, size);
  // Past the end of a cut file nothing is read, which the next frame finds.
  return { last: false, next: metadataAt + metadataBytes + bodyLength, rows: rowsOf(message) };
}

function cutStream(path: string, size: number): DataError {
  const rule = "the file must be a whole Arrow IPC stream that ends with its end-of-stream marker";
  return new DataError(`${path}: ${rule}, got a cut or other file of ${size} bytes; write or copy it again`);
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
