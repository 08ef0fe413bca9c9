import { cellRules } from "./cell-rules.ts";
import { columnBuilder } from "./column-builder.ts";
import type { ColumnConfig, FeatureColumnConfig } from "./column-config.ts";
import { type EncodedColumn, encodeColumn, vocabularyIds } from "./encode-column.ts";
import { type ColumnEncoding, type DataEncoding, FIRST_VALUE_ID, OUT_OF_VOCABULARY_ID } from "./encoding.ts";
import { featureColumns } from "./feature-specs.ts";
import { loadHash } from "./fingerprint.ts";
import type { Cells, TableChunk } from "./table-chunk.ts";

/** Encodes the features of some rows. `place` names a row of the chunk, for messages. */
export type ChunkEncoder = (chunk: TableChunk, place: (row: number) => string) => ReadonlyMap<string, EncodedColumn>;

/**
 * Encodes rows chunk by chunk, as openDataset encodes whole files with this encoding. Memory: the vocabularies, and
 * tables of the integers below 4,194,304 that came.
 *
 * The function throws a DataError where a cell breaks its column's rules.
 */
export async function chunkEncoder(
  columns: Readonly<Record<string, ColumnConfig>>,
  encoding: DataEncoding,
): Promise<ChunkEncoder> {
  const hash = await loadHash();
  const encoders = featureColumns(columns).map(
    ([name, config]) => [name, columnEncoder(name, config, encoding, (value) => hash.h64(value))] as const,
  );
  return (chunk, place) =>
    new Map(encoders.map(([name, encode]) => [name, encode(chunk.columns.get(name)!, chunk, place)]));
}

type ColumnEncoder = (cells: Cells, chunk: TableChunk, place: (row: number) => string) => EncodedColumn;

function columnEncoder(
  name: string,
  config: FeatureColumnConfig,
  encoding: DataEncoding,
  hash: (value: string) => bigint,
): ColumnEncoder {
  const integers = config.kind === "id" || config.kind === "categorical" ? integerIds(name, encoding, hash) : undefined;
  return (cells, chunk, place) => {
    if (integers !== undefined && isIntegers(cells)) return { data: integers(cells), width: 1 };
    const builder = columnBuilder(name, cellRules(config));
    builder.append(cells, { count: chunk.rows, isText: chunk.lines !== undefined, locate: place });
    return encodeColumn(builder.finish(), { name, config, encoding, hash, locate: place });
  };
}

type Integers = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

function isIntegers(cells: Cells): cells is Integers {
  return (
    cells instanceof Int32Array ||
    cells instanceof Uint32Array ||
    cells instanceof Int16Array ||
    cells instanceof Uint16Array ||
    cells instanceof Int8Array ||
    cells instanceof Uint8Array
  );
}

/** Largest integer (exclusive) that is looked up by index. */
const DIRECT_LIMIT = 2 ** 22;

/** Ids of integers: small ones by a table of the vocabulary, or of those that came where values are hashed. */
function integerIds(
  name: string,
  encoding: DataEncoding,
  hash: (value: string) => bigint,
): (cells: Integers) => Int32Array {
  const own = ownEncoding(name, encoding);
  const idOf = textId(own, hash);
  const built = own.kind === "built";
  // 0 where an integer was not looked up yet; of a built vocabulary all are known.
  let known = built ? integerTable(own.values) : new Int32Array(1024);
  return (cells) => {
    const ids = new Int32Array(cells.length);
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i]!;
      if (cell < 0 || cell >= DIRECT_LIMIT) ids[i] = idOf(String(cell));
      else if (cell < known.length && known[cell] !== 0) ids[i] = known[cell]!;
      else if (built) ids[i] = OUT_OF_VOCABULARY_ID;
      else {
        if (cell >= known.length) known = enlarged(known, cell);
        known[cell] = idOf(String(cell));
        ids[i] = known[cell]!;
      }
    }
    return ids;
  };
}

/** Ids by the integer that a value spells; 0 for integers that none does. */
function integerTable(values: readonly string[]): Int32Array<ArrayBuffer> {
  const integers = values.map((value) => (/^(?:0|[1-9]\d{0,6})$/.test(value) ? Number(value) : -1));
  const largest = integers.reduce((most, value) => (value < DIRECT_LIMIT ? Math.max(most, value) : most), -1);
  const table = new Int32Array(largest + 1);
  for (const [i, value] of integers.entries())
    if (value >= 0 && value < DIRECT_LIMIT) table[value] = FIRST_VALUE_ID + i;
  return table;
}

function ownEncoding(name: string, { columns }: DataEncoding): ColumnEncoding {
  const own = columns[name]!;
  return own.kind === "shared" ? columns[own.with]! : own;
}

function textId(encoding: ColumnEncoding, hash: (value: string) => bigint): (text: string) => number {
  if (encoding.kind === "hashed") {
    const rows = BigInt(encoding.rows);
    return (text) => FIRST_VALUE_ID + Number(hash(text) % rows);
  }
  const ids = vocabularyIds(encoding.kind === "built" ? encoding.values : []);
  return (text) => ids.get(text) ?? OUT_OF_VOCABULARY_ID;
}

function enlarged(known: Int32Array, value: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.min(DIRECT_LIMIT, Math.max(value + 1, known.length * 4)));
  larger.set(known);
  return larger;
}
