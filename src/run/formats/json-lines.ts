import { dirname } from "node:path";
import { DataError } from "../../errors.ts";
import { writeTextAtomically } from "../../files/atomic-write.ts";
import { type FileLayer, nodeFiles, type OpenFile } from "../../files/file-layer.ts";

/** A value that JSON holds without loss; numbers must be finite. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** One line of a log: an object. */
export type JsonRecord = { readonly [key: string]: JsonValue };

/** What a file of JSON lines holds. */
export interface JsonLines {
  readonly records: readonly JsonRecord[];
  /** The last line where it has no line end: a writer was killed in the middle. It is not among the records. */
  readonly cutLine: string | undefined;
}

/** Appends records to a file of JSON lines. */
export interface JsonLinesWriter {
  /** What stood after the last line end when the file was opened, and was cut off; undefined for a whole file. */
  readonly cutLine: string | undefined;
  /** Writes one record with one write of the system. @throws {DataError} a number that is not finite, a full disk. */
  append(record: JsonRecord): Promise<void>;
  /** Returns when the records are on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a file of JSON lines to append to, making it if it is not there. A half-written last line, left by a killed
 * writer, is cut off and reported as `cutLine`: a line appended to it would spoil both.
 *
 * @throws {DataError} the file cannot be opened or read.
 */
export async function openJsonLines(
  path: string,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<JsonLinesWriter> {
  const file = await files.open(path, "append");
  try {
    const cutLine = await cutLastLine(file, path);
    await files.syncFolder(dirname(path));
    return {
      cutLine,
      append: async (record) => file.write(Buffer.from(jsonLine(path, record), "utf8")),
      sync: () => file.sync(),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/**
 * Reads a file of JSON lines.
 *
 * @returns records in file order; a last line without its line end is reported, not taken.
 * @throws {DataError} no such file, or a line that is no JSON object, with its number.
 */
export async function readJsonLines(
  path: string,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<JsonLines> {
  const file = await files.open(path, "read");
  const text = await readText(file, path, 0).finally(() => file.close());
  const lines = text.split("\n");
  const rest = lines.pop()!;
  const records = lines.map((line, index) => parseLine(`${path}:${index + 1}`, line));
  return { records, cutLine: rest === "" ? undefined : rest };
}

/**
 * Keeps the records that `keep` accepts and drops the others, in one atomic step; a half-written last line goes too. A
 * resumed run drops what was logged after its checkpoint.
 *
 * @returns how many records were dropped.
 * @throws {DataError} no such file, a bad line, a full disk.
 */
export async function keepJsonLines(
  path: string,
  keep: (record: JsonRecord) => boolean,
  { files = nodeFiles }: { readonly files?: FileLayer } = {},
): Promise<number> {
  const { records } = await readJsonLines(path, { files });
  const kept = records.filter(keep);
  const text = kept.map((record) => jsonLine(path, record)).join("");
  await writeTextAtomically(path, text, { files });
  return records.length - kept.length;
}

/** The text of one record: one line with "\n" at its end. @throws {DataError} a number that is not finite. */
export function jsonLine(where: string, record: JsonRecord): string {
  const text = JSON.stringify(record, (key, value: unknown) => {
    if (typeof value !== "number" || Number.isFinite(value)) return value;
    throw new DataError(`${where}: ${key} must be finite or null, got ${value}`);
  });
  return `${text}\n`;
}

function parseLine(where: string, line: string): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonRecord;
  throw new DataError(`${where}: line must be a JSON object, got ${line.slice(0, 80)}`);
}

/** Blocks in which the end of a file is searched for its last line end. */
const TAIL_BYTES = 2 ** 16;

async function cutLastLine(file: OpenFile, path: string): Promise<string | undefined> {
  const size = await file.size();
  const end = await lastLineEnd(file, size);
  if (end === size) return undefined;
  const cut = await readText(file, path, end, { fatal: false });
  await file.truncate(end);
  return cut;
}

/** The byte after the last "\n"; 0 without one. */
async function lastLineEnd(file: OpenFile, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - TAIL_BYTES);
    const block = new Uint8Array(end - start);
    await file.read(block, start);
    const place = block.lastIndexOf(10);
    if (place >= 0) return start + place + 1;
    end = start;
  }
  return 0;
}

/** The file's text from a byte on; bytes that are no UTF-8 are refused, or replaced in the half line of a killed writer. */
async function readText(file: OpenFile, path: string, from: number, { fatal } = { fatal: true }): Promise<string> {
  const bytes = new Uint8Array((await file.size()) - from);
  const read = await file.read(bytes, from);
  try {
    return new TextDecoder("utf-8", { fatal }).decode(bytes.subarray(0, read));
  } catch {
    throw new DataError(`${path}: file must be UTF-8 text, got other bytes`);
  }
}
