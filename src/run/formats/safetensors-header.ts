// The header of a safetensors file: 8 bytes of length, then JSON. Source: the format's README in
// huggingface/safetensors, sections "Format" and "Benefits" (header at most 100 MB, no holes, no duplicate keys).
import { DataError } from "../../errors.ts";
import { bytesPerElement, type Dtype, elementCount, isDtype } from "./safetensors-dtypes.ts";
import { offendingKey } from "./unique-keys.ts";

/** Longest header that readers of the format accept, bytes. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Bytes of the length that stands before the header. */
export const LENGTH_BYTES = 8;
const METADATA = "__metadata__";
const ALIGNMENT = 8;

/** Where a tensor lies and what it is. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** First byte, and the byte after the last, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** By name, in the order of the bytes. */
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Length and JSON of a header, padded with spaces so that the data start at a multiple of 8 bytes. */
export function encodeHeader({ metadata, tensors }: SafetensorsHeader): Uint8Array {
  const entries = [...tensors].map(([name, { dtype, shape, begin, end }]) => [
    name,
    { dtype, shape, data_offsets: [begin, end] },
  ]);
  const withMetadata = Object.keys(metadata).length > 0 ? [[METADATA, metadata], ...entries] : entries;
  const json = Buffer.from(JSON.stringify(Object.fromEntries(withMetadata)), "utf8");
  const length = Math.ceil(json.byteLength / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(LENGTH_BYTES + length, " ");
  bytes.writeBigUInt64LE(BigInt(length), 0);
  bytes.set(json, LENGTH_BYTES);
  return bytes;
}

/**
 * The header's length, checked against the file.
 * @throws {DataError} file shorter than a header, header longer than the file or than the format allows.
 */
export function headerLength(path: string, lengthBytes: Uint8Array, fileBytes: number): number {
  if (lengthBytes.byteLength < LENGTH_BYTES) {
    throw new DataError(`${path}: file must start with 8 bytes of header length, got ${lengthBytes.byteLength} bytes`);
  }
  const length = new DataView(lengthBytes.buffer, lengthBytes.byteOffset).getBigUint64(0, true);
  const most = Math.min(MAX_HEADER_BYTES, fileBytes - LENGTH_BYTES);
  if (length <= BigInt(most)) return Number(length);
  throw new DataError(
    `${path}: header must be at most ${most} bytes long, got ${length}; is the file cut, or of another format?`,
  );
}

/**
 * Reads and checks a header.
 *
 * @param json - the bytes after the length. @param dataBytes - bytes of the file after the header.
 * @throws {DataError} no JSON object, duplicate or forbidden keys, an unknown dtype, a shape that does not fit its bytes,
 *   bytes outside the file, overlaps, holes: with file and tensor.
 */
export function decodeHeader(path: string, json: Uint8Array, dataBytes: number): SafetensorsHeader {
  const { [METADATA]: metadata = {}, ...entries } = parseObject(path, json);
  const tensors = Object.entries(entries).map(
    ([name, entry]) => [name, decodeEntry(`${path}: tensor ${name}`, entry)] as const,
  );
  tensors.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  assertCovers(path, tensors, dataBytes);
  return { metadata: decodeMetadata(path, metadata), tensors: new Map(tensors) };
}

function parseObject(path: string, json: Uint8Array): Record<string, unknown> {
  let text = "bytes that are no UTF-8";
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(json);
    value = JSON.parse(text);
  } catch (error) {
    throw new DataError(`${path}: header must be JSON, got ${text.slice(0, 40)}`, { cause: error });
  }
  if (!isRecord(value) || !text.startsWith("{"))
    throw new DataError(`${path}: header must be a JSON object, got ${text.slice(0, 40)}`);
  const key = offendingKey(text);
  if (key !== undefined) throw new DataError(`${path}: header must hold each key once and no __proto__, got ${key}`);
  return value;
}

function decodeMetadata(path: string, metadata: unknown): Record<string, string> {
  if (!isRecord(metadata)) throw new DataError(`${path}: ${METADATA} must map names to texts, got ${typeof metadata}`);
  for (const [name, text] of Object.entries(metadata)) {
    if (typeof text !== "string")
      throw new DataError(`${path}: ${METADATA}.${name} must be a text, got ${typeof text}`);
  }
  return metadata as Record<string, string>;
}

function decodeEntry(where: string, entry: unknown): TensorEntry {
  if (!isRecord(entry)) throw new DataError(`${where} must be an object, got ${typeof entry}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDtype(dtype)) throw new DataError(`${where} must have a known dtype, got ${String(dtype)}`);
  if (!Array.isArray(shape)) throw new DataError(`${where} must have a list as its shape, got ${String(shape)}`);
  const bytes = elementCount(where, shape) * bytesPerElement(dtype);
  if (!isRange(offsets))
    throw new DataError(`${where} must have data_offsets [begin, end], got ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets;
  if (end - begin === bytes) return { dtype, shape, begin, end };
  throw new DataError(`${where} must take ${bytes} bytes as ${dtype} [${shape.join(", ")}], got ${begin} to ${end}`);
}

/** The tensors must follow each other without overlap or hole and end with the file. */
function assertCovers(path: string, tensors: readonly (readonly [string, TensorEntry])[], dataBytes: number): void {
  let covered = 0;
  for (const [name, { begin, end }] of tensors) {
    if (begin !== covered) {
      throw new DataError(
        `${path}: tensor ${name} must begin at byte ${covered}, where the one before ends, got ${begin}`,
      );
    }
    covered = end;
  }
  if (covered === dataBytes) return;
  throw new DataError(
    `${path}: tensors must cover the ${dataBytes} bytes of data, got ${covered}; the file is cut or has a rest`,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isRange(value: unknown): value is [number, number] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [begin, end] = value;
  return Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && begin <= end;
}
