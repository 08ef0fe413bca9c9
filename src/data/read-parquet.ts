import { asyncBufferFromFile, type ColumnData, type FileMetaData, parquetMetadataAsync, parquetRead } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { DataError } from "../errors.ts";
import { decodeZstd } from "../files/decode-zstd.ts";
import { checkFooter, checkGroup } from "./parquet-framing.ts";
import { brokenFile, type Cells, checkHeader, type TableChunk } from "./table-chunk.ts";

const CHECKED = { ...compressors, ZSTD: decodeZstd };

/**
 * Reads a Parquet file, one chunk for each row group. Memory: one row group.
 *
 * @throws {DataError} the file is cut or broken, a column is missing, or there are fewer values than the footer says.
 * Source: Apache Parquet format, https://parquet.apache.org/docs/file-format/
 */
export async function* readParquet(path: string, columns: readonly string[]): AsyncGenerator<TableChunk> {
  try {
    const file = await asyncBufferFromFile(path);
    await checkFooter(file);
    const metadata = await parquetMetadataAsync(file);
    checkHeader(path, topLevelNames(metadata), columns);
    const wanted = [...columns];
    let firstRow = 0;
    for (const group of metadata.row_groups) {
      await checkGroup(path, file, metadata, { group, columns, compressors: CHECKED });
      const rows = Number(group.num_rows);
      const pieces: ColumnData[] = [];
      const range = { rowStart: firstRow, rowEnd: firstRow + rows };
      const onChunk = (piece: ColumnData): void => void pieces.push(piece);
      await parquetRead({ file, metadata, columns: wanted, compressors: CHECKED, onChunk, ...range });
      yield { firstRow, rows, columns: joinPieces(path, columns, pieces, range) };
      firstRow += rows;
    }
    if (firstRow !== Number(metadata.num_rows)) {
      throw new DataError(`${path}: row groups must hold ${metadata.num_rows} rows, got ${firstRow}`);
    }
  } catch (error) {
    throw brokenFile(path, "Parquet", error);
  }
}

/** Rows that a Parquet file says it has. @throws Error its footer is broken. */
export async function countParquetRows(path: string): Promise<number> {
  const file = await asyncBufferFromFile(path);
  await checkFooter(file);
  return Number((await parquetMetadataAsync(file)).num_rows);
}

function topLevelNames(metadata: FileMetaData): string[] {
  const [root, ...elements] = metadata.schema;
  const names: string[] = [];
  let at = 0;
  const skip = (): void => {
    const children = elements[at++]?.num_children ?? 0;
    for (let i = 0; i < children; i++) skip();
  };
  for (let i = 0; i < (root?.num_children ?? 0); i++) {
    names.push(elements[at]?.name ?? "");
    skip();
  }
  return names;
}

/** Pages of a column, joined; the library itself ends early, without an error, where pages are missing. */
function joinPieces(
  path: string,
  columns: readonly string[],
  pieces: readonly ColumnData[],
  { rowStart, rowEnd }: { readonly rowStart: number; readonly rowEnd: number },
): Map<string, Cells> {
  const joined = new Map<string, Cells>();
  for (const name of columns) {
    const own = pieces.filter((piece) => piece.columnName === name).sort((a, b) => a.rowStart - b.rowStart);
    const cells = concatenate(own.map((piece) => piece.columnData));
    if (cells.length !== rowEnd - rowStart) {
      const want = `rows ${rowStart + 1} to ${rowEnd} of column ${JSON.stringify(name)}`;
      throw new DataError(`${path}: ${want} must hold ${rowEnd - rowStart} values, got ${cells.length}`);
    }
    joined.set(name, cells);
  }
  return joined;
}

function concatenate(pieces: readonly Cells[]): Cells {
  if (pieces.length === 1) return pieces[0]!;
  const joined: unknown[] = [];
  for (const piece of pieces) for (let i = 0; i < piece.length; i++) joined.push(piece[i]);
  return joined;
}
