import { DataError } from "../errors.ts";
import { cellRules } from "./cell-rules.ts";
import { columnBuilder } from "./column-builder.ts";
import type { ColumnConfig } from "./column-config.ts";
import type { RawColumn } from "./raw-column.ts";
import { countArrowRows, readArrowFile, readArrowStream } from "./read-arrow.ts";
import { readCsv } from "./read-csv.ts";
import { countParquetRows, readParquet } from "./read-parquet.ts";
import type { FileFormat, PartName, SourceFile } from "./source-files.ts";
import type { TableChunk, TableReader } from "./table-chunk.ts";
import { assertTableFits, rawTableShares } from "./table-memory.ts";

/** The rows of one file within a table. */
export interface FileRows {
  readonly file: SourceFile;
  /** Row of the table at which the file begins. */
  readonly start: number;
  readonly rows: number;
  /** [rows] lines of a text file. */
  readonly lines?: Int32Array;
}

/** All rows of all files, before any vocabulary. */
export interface RawTable {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, RawColumn>;
  readonly files: readonly FileRows[];
}

/** How far the reading is. */
export interface ReadProgress {
  readonly file: string;
  /** Rows read so far, over all files. */
  readonly rows: number;
}

/** Options of readTable. */
export interface ReadTableOptions {
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
  /** Bytes of memory that there can be. Default: what the machine or the container has. */
  readonly memoryLimit?: number | undefined;
}

const READERS: Readonly<Record<FileFormat, TableReader>> = {
  csv: (path, columns) => readCsv(path, columns, { delimiter: "," }),
  tsv: (path, columns) => readCsv(path, columns, { delimiter: "\t" }),
  parquet: readParquet,
  "arrow-file": readArrowFile,
  "arrow-stream": readArrowStream,
};

/** Rows that a file says it has, without reading them; a text file does not say. */
const COUNTERS: Readonly<Partial<Record<FileFormat, (path: string) => Promise<number>>>> = {
  parquet: countParquetRows,
  "arrow-file": (path) => countArrowRows(path, "file"),
  "arrow-stream": (path) => countArrowRows(path, "stream"),
};

/**
 * Reads the configured columns of all files, one file after the other. Rows that cannot be in memory are refused before
 * the first one is read where the files say how many they have, else as soon as it is known.
 *
 * @throws {DataError} a file is broken or unreadable, a column is missing, a cell breaks its column's rules; the rows do
 *   not fit into memory.
 */
export async function readTable(
  files: readonly SourceFile[],
  columns: Readonly<Record<string, ColumnConfig>>,
  { onProgress, memoryLimit }: ReadTableOptions = {},
): Promise<RawTable> {
  const names = Object.keys(columns);
  const assertFits = (count: number): void =>
    assertTableFits(`data.source of ${count} rows`, rawTableShares(count, columns), memoryLimit);
  assertFits(await statedRows(files));
  const builders = names.map((name) => columnBuilder(name, cellRules(columns[name]!)));
  const fileRows: FileRows[] = [];
  let rows = 0;
  for (const file of files) {
    const start = rows;
    const lines: Int32Array[] = [];
    for await (const chunk of READERS[file.format](file.path, names)) {
      const at = { count: chunk.rows, isText: chunk.lines !== undefined, locate: (i: number) => place(file, chunk, i) };
      for (const [i, name] of names.entries()) builders[i]!.append(chunk.columns.get(name)!, at);
      if (chunk.lines !== undefined) lines.push(chunk.lines);
      rows += chunk.rows;
      assertFits(rows);
      onProgress?.({ file: file.name, rows });
    }
    fileRows.push({ file, start, rows: rows - start, ...(lines.length > 0 && { lines: joined(lines, rows - start) }) });
  }
  return { rows, files: fileRows, columns: new Map(names.map((name, i) => [name, builders[i]!.finish()])) };
}

/** Rows that the files say they have together; what a broken file says is nothing, and its reader says what is wrong. */
async function statedRows(files: readonly SourceFile[]): Promise<number> {
  let rows = 0;
  for (const { path, format } of files) rows += (await COUNTERS[format]?.(path).catch(() => 0)) ?? 0;
  return rows;
}

/** Where a row of the table comes from: `<file> row 3`, counted from 1, or `<file> line 4` of a text file. */
export function locateRow(table: RawTable, row: number): string {
  const from = table.files.findLast((candidate) => candidate.start <= row);
  if (from === undefined) throw new DataError(`locateRow: row must be in [0, ${table.rows}), got ${row}`);
  const inFile = row - from.start;
  return from.lines ? `${from.file.path} line ${from.lines[inFile]}` : `${from.file.path} row ${inFile + 1}`;
}

/** The rows that files of `part` hold, in file order. */
export function rowsOfPart(table: RawTable, part: PartName): Int32Array {
  const own = table.files.filter((from) => from.file.part === part);
  const rows = new Int32Array(own.reduce((sum, from) => sum + from.rows, 0));
  let at = 0;
  for (const { start, rows: count } of own) for (let i = 0; i < count; i++) rows[at++] = start + i;
  return rows;
}

function place(file: SourceFile, chunk: TableChunk, i: number): string {
  return chunk.lines ? `${file.path} line ${chunk.lines[i]}` : `${file.path} row ${chunk.firstRow + i + 1}`;
}

function joined(pieces: readonly Int32Array[], length: number): Int32Array {
  const whole = new Int32Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
