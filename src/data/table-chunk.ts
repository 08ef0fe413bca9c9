import { DataError } from "../errors.ts";
import { didYouMean } from "./config-messages.ts";

/** The cells of one column of a chunk: a typed array, or values and nulls. */
export type Cells = ArrayLike<unknown>;

/** Some rows of one file, by column. */
export interface TableChunk {
  /** Rows of the file before this chunk. */
  readonly firstRow: number;
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Cells>;
  /** [rows] line of each row in a text file, from 1; absent where the file holds typed values. */
  readonly lines?: Int32Array;
}

/** Reads the named columns of one file, chunk by chunk, in file order. */
export type TableReader = (path: string, columns: readonly string[]) => AsyncIterable<TableChunk>;

/**
 * Checks a file's header.
 *
 * @throws {DataError} a name is there twice or empty, or a wanted column is missing.
 */
export function checkHeader(path: string, header: readonly string[], wanted: readonly string[]): void {
  const seen = new Set<string>();
  for (const [i, name] of header.entries()) {
    if (name === "")
      throw new DataError(`${path}: column names must not be empty, got an empty name at column ${i + 1}`);
    if (seen.has(name)) throw new DataError(`${path}: column names must differ, got ${JSON.stringify(name)} twice`);
    seen.add(name);
  }
  for (const name of wanted) {
    if (seen.has(name)) continue;
    const hint = didYouMean(name, header);
    throw new DataError(`${path}: column ${JSON.stringify(name)} must be there, got ${header.join(", ")}${hint}`);
  }
}

/** The error for a file that cannot be opened, or whose bytes cannot be read as what it should be. */
export function brokenFile(path: string, format: string, cause: unknown): DataError {
  if (cause instanceof DataError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as Partial<NodeJS.ErrnoException> | undefined)?.syscall && (cause as NodeJS.ErrnoException).code;
  if (code) return new DataError(`${path}: the file must be readable, got ${code}`, { cause });
  const cure = "write or copy it again, or set data.format if it is another format";
  return new DataError(`${path}: the file must be a whole ${format} file, got: ${reason}; ${cure}`, { cause });
}
