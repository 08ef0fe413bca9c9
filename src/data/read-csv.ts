import { createReadStream } from "node:fs";
import { CsvError, parse } from "csv-parse";
import { DataError } from "../errors.ts";
import { brokenFile, checkHeader, type TableChunk } from "./table-chunk.ts";

const ROWS_PER_CHUNK = 8192;
const MAX_ROW_CHARACTERS = 16 * 1024 * 1024;

/** Options of a text table. */
export interface CsvOptions {
  /** Between fields: `","` for CSV, a tab for TSV. */
  readonly delimiter: string;
}

/**
 * Reads a text table: UTF-8 with or without a byte order mark, a header line, fields in double quotes where they
 * hold a delimiter, a quote or a line break. Blank lines are passed over. An empty field is a missing value (null).
 *
 * A text file does not say how many rows it has: one that ends between two lines reads as a shorter table. Set
 * `data.expectedRows` to find that.
 *
 * @throws {DataError} no header, a quote that is never closed, a row with more or fewer fields than the header.
 * Source: RFC 4180.
 */
export async function* readCsv(
  path: string,
  columns: readonly string[],
  { delimiter }: CsvOptions,
): AsyncGenerator<TableChunk> {
  let header: readonly string[] | undefined;
  let positions: readonly number[] = [];
  let chunk = openChunk(columns, 0);
  for await (const { fields, line } of records(path, delimiter)) {
    if (header === undefined) {
      header = fields;
      checkHeader(path, header, columns);
      positions = columns.map((name) => fields.indexOf(name));
      continue;
    }
    if (fields.length !== header.length) throw raggedRow(path, line, { expected: header.length, got: fields.length });
    chunk.lines[chunk.rows++] = line;
    for (let i = 0; i < positions.length; i++) chunk.cells[i]!.push(fields[positions[i]!] || null);
    if (chunk.rows < ROWS_PER_CHUNK) continue;
    yield closeChunk(columns, chunk);
    chunk = openChunk(columns, chunk.firstRow + chunk.rows);
  }
  if (header === undefined) throw new DataError(`${path}: the file must begin with a header line, got an empty file`);
  if (chunk.rows > 0) yield closeChunk(columns, chunk);
}

interface OpenChunk {
  readonly firstRow: number;
  rows: number;
  readonly cells: readonly (string | null)[][];
  readonly lines: Int32Array;
}

function openChunk(columns: readonly string[], firstRow: number): OpenChunk {
  return { firstRow, rows: 0, cells: columns.map(() => []), lines: new Int32Array(ROWS_PER_CHUNK) };
}

function closeChunk(columns: readonly string[], { firstRow, rows, cells, lines }: OpenChunk): TableChunk {
  const byName = new Map(columns.map((name, i) => [name, cells[i]!]));
  return { firstRow, rows, columns: byName, lines: lines.subarray(0, rows) };
}

interface TextRecord {
  readonly fields: readonly string[];
  /** Line of the file on which the record begins, from 1. */
  readonly line: number;
}

async function* records(path: string, delimiter: string): AsyncGenerator<TextRecord> {
  const parser = parse({ delimiter, bom: true, relax_column_count: true, max_record_size: MAX_ROW_CHARACTERS });
  const file = createReadStream(path);
  file.on("error", (error) => parser.destroy(error));
  let line = 1;
  try {
    for await (const fields of file.pipe(parser) as AsyncIterable<string[]>) {
      if (fields.length > 1 || fields[0] !== "") yield { fields, line };
      // Counted here: the parser's own count comes with a context object for each record, at twice the time.
      line += 1 + lineBreaksWithin(fields);
    }
  } catch (error) {
    throw csvError(path, error);
  } finally {
    file.destroy();
  }
}

function lineBreaksWithin(fields: readonly string[]): number {
  let breaks = 0;
  for (const field of fields) if (field.includes("\n")) breaks += field.split("\n").length - 1;
  return breaks;
}

function raggedRow(path: string, line: number, { expected, got }: { expected: number; got: number }): DataError {
  const cure = "put quotes around fields that hold the delimiter";
  return new DataError(`${path} line ${line}: a row must have ${expected} fields like the header, got ${got}; ${cure}`);
}

function csvError(path: string, error: unknown): DataError {
  if (!(error instanceof CsvError) || error.code !== "CSV_QUOTE_NOT_CLOSED")
    return brokenFile(path, "text table", error);
  const rule = "every quote must be closed, got the end of the file within one; is the file cut?";
  return new DataError(`${path}: ${rule}`, { cause: error });
}
