// One shard is one Arrow IPC file of one record batch, written from and read into typed arrays: no value is touched
// one by one but the row numbers.
import * as zlib from "node:zlib";
import {
  CompressionType,
  compressionRegistry,
  type Data,
  type DataType,
  Field,
  Float16,
  Float32,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  type RecordBatchFileReader,
  RecordBatchFileWriter,
  RecordBatchReader,
  Schema,
  Struct,
  Utf8,
  type Vector,
} from "apache-arrow";
import { ConfigError, DataError } from "../../errors.ts";
import { checkBatch } from "../../files/arrow-batch.ts";
import { checkMessage, footerBlocks } from "../../files/arrow-vectors.ts";
import { decodeZstd } from "../../files/decode-zstd.ts";
import { fromHalves, LARGEST_HALF, toHalves } from "./half-floats.ts";
import type { KeyColumn, ScoreColumns, ScoreDtype } from "./score-columns.ts";
import type { TextColumn } from "./text-column.ts";

export type Compression = "none" | "zstd";

export interface ShardLayout {
  readonly keys: readonly KeyColumn[];
  readonly heads: readonly string[];
  readonly dtype: ScoreDtype;
}

const MAGIC = "ARROW1";
/** The footer's length and the magic word at the end of a file. */
const CONTINUATION = -1;
const FOOTER_TAIL_BYTES = 4 + MAGIC.length;

const ROWS_KEY = "twinstill.rows";
const KEY_TYPES: Readonly<Record<KeyColumn, DataType>> = {
  row: new Int64(),
  request: new Utf8(),
  user: new Utf8(),
  item: new Utf8(),
  rank: new Int32(),
};

/**
 * The bytes of a shard.
 *
 * @throws {DataError} a score does not fit float16. @throws {ConfigError} zstd on a Node that has none.
 */
export function encodeShard(
  columns: ScoreColumns,
  { keys, heads, dtype }: ShardLayout,
  compression: Compression = "none",
): Uint8Array {
  if (compression === "zstd") assertZstd();
  const fields = [
    ...keys.map((key) => new Field(key, KEY_TYPES[key], false)),
    ...heads.map((head) => new Field(head, dtype === "float16" ? new Float16() : new Float32(), false)),
  ];
  const children = [
    ...keys.map((key) => keyData(key, columns)),
    ...heads.map((head) => scoreData(head, columns.scores[head]!, dtype)),
  ];
  const schema = new Schema(fields, new Map([[ROWS_KEY, String(columns.rows)]]));
  const data = makeData({ type: new Struct(fields), length: columns.rows, nullCount: 0, children });
  const writer = new RecordBatchFileWriter({ compressionType: compression === "zstd" ? CompressionType.ZSTD : null });
  writer.write(new RecordBatch(schema, data));
  writer.finish();
  return writer.toUint8Array(true);
}

/**
 * Reads the bytes of a shard.
 *
 * @throws {DataError} they are no Arrow file of one batch with these columns.
 */
export function decodeShard(path: string, bytes: Uint8Array, { keys, heads, dtype }: ShardLayout): ScoreColumns {
  const batch = onlyBatch(path, bytes);
  const column = (name: string, type: DataType): Vector => {
    const vector = batch.getChild(name);
    if (vector === null || String(vector.type) !== String(type) || vector.nullCount > 0) {
      const got = vector === null ? "none" : `${vector.type} with ${vector.nullCount} nulls`;
      throw new DataError(`${path}: column "${name}" must be ${type} without nulls, got ${got}`);
    }
    return vector;
  };
  const scores = heads.map((head) => {
    const values = column(head, dtype === "float16" ? new Float16() : new Float32()).toArray();
    return [head, dtype === "float16" ? fromHalves(values as Uint16Array) : Float32Array.from(values)] as const;
  });
  return {
    rows: batch.numRows,
    ...Object.fromEntries(keys.map((key) => [key, readKey(key, column(key, KEY_TYPES[key]))])),
    scores: Object.fromEntries(scores),
  };
}

function onlyBatch(path: string, bytes: Uint8Array): RecordBatch {
  try {
    registerZstd();
    checkFraming(bytes);
    // Not by iterating: that asks for the batch again and again where another message stands in its place.
    const batch = (RecordBatchReader.from(bytes).open() as RecordBatchFileReader).readRecordBatch(0);
    if (batch === null) throw new Error("no record batch");
    checkBatch(path, batch);
    return batch;
  } catch (error) {
    if (error instanceof DataError || error instanceof ConfigError) throw error;
    throw new DataError(`${path}: shard must be a whole Arrow file, got: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @throws Error the footer or a header does not fit the bytes, or there is not one batch and no dictionary. */
function checkFraming(bytes: Uint8Array): void {
  const end = bytes.length - FOOTER_TAIL_BYTES;
  const word = (at: number): string => Buffer.from(bytes.subarray(at, at + MAGIC.length)).toString("latin1");
  if (end < 0 || word(0) !== MAGIC || word(end + 4) !== MAGIC) throw new Error(`no ${MAGIC} at both ends`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const footer = view.getInt32(end, true);
  if (!(footer > 0 && footer < end)) throw new Error(`a footer of ${footer} bytes`);
  const blocks = footerBlocks(bytes.subarray(end - footer, end));
  if (blocks.length !== 1) throw new Error(`${blocks.length} messages where one record batch belongs`);
  const { at, metadataBytes, type } = blocks[0]!;
  if (!(at >= 0 && metadataBytes >= 8 && at + metadataBytes <= end)) throw new Error(`a record batch at byte ${at}`);
  // Without this word the library takes the length for an older format's, and another message for this one.
  if (view.getInt32(at, true) !== CONTINUATION || view.getInt32(at + 4, true) !== metadataBytes - 8)
    throw new Error(`a record batch without its own length at byte ${at}`);
  checkMessage(bytes.subarray(at + 8, at + metadataBytes), type);
}

function keyData(key: KeyColumn, columns: ScoreColumns): Data {
  const { rows } = columns;
  if (key === "rank") return makeData({ type: new Int32(), length: rows, nullCount: 0, data: columns.rank! });
  if (key === "row") return makeData({ type: new Int64(), length: rows, nullCount: 0, data: toInt64(columns.row!) });
  const { offsets, bytes } = columns[key] as TextColumn;
  return makeData({ type: new Utf8(), length: rows, nullCount: 0, valueOffsets: offsets, data: bytes });
}

function readKey(key: KeyColumn, vector: Vector): Float64Array | Int32Array | TextColumn {
  if (key === "rank") return Int32Array.from(vector.toArray() as Int32Array);
  if (key === "row") return Float64Array.from(vector.toArray() as BigInt64Array, Number);
  const { valueOffsets, values } = vector.data[0] as Data<Utf8>;
  // What was read from a file is padded behind its end.
  const offsets = valueOffsets.subarray(0, vector.length + 1);
  return { offsets, bytes: values.subarray(0, offsets.at(-1)) };
}

function scoreData(head: string, values: Float32Array, dtype: ScoreDtype): Data {
  const { length } = values;
  if (dtype === "float32") return makeData({ type: new Float32(), length, nullCount: 0, data: values });
  const large = values.find((value) => Math.abs(value) > LARGEST_HALF);
  if (large !== undefined) {
    throw new DataError(
      `score store: scores of "${head}" must be within ${LARGEST_HALF} for float16, got ${large}; set score.dtype: float32`,
    );
  }
  return makeData({ type: new Float16(), length, nullCount: 0, data: toHalves(values) });
}

/** 64-bit little-endian integers of whole numbers in [0, 2^53). */
function toInt64(numbers: Float64Array): BigInt64Array {
  const words = new Uint32Array(numbers.length * 2);
  for (let i = 0; i < numbers.length; i++) {
    words[2 * i] = numbers[i]! % 2 ** 32;
    words[2 * i + 1] = Math.floor(numbers[i]! / 2 ** 32);
  }
  return new BigInt64Array(words.buffer);
}

/** The part of zlib that Node has from 22.15 on. */
const { zstdCompressSync } = zlib as { readonly zstdCompressSync?: (bytes: Uint8Array) => Uint8Array };

/** True where this Node can write zstd; any can read it. */
export const canCompress = zstdCompressSync !== undefined;

function assertZstd(): void {
  if (!canCompress) {
    throw new ConfigError(
      `score.compression: zstd needs Node >= 22.15, got ${process.version}; set score.compression: none`,
    );
  }
  registerZstd();
}

function registerZstd(): void {
  compressionRegistry.set(CompressionType.ZSTD, {
    ...(zstdCompressSync && { encode: (bytes) => zstdCompressSync(bytes) }),
    decode: decodeZstd,
  });
}
