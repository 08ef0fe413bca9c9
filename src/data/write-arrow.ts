import { rename, writeFile } from "node:fs/promises";
import {
  Bool,
  type DataType,
  Field,
  FixedSizeList,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Schema,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { ROWS_METADATA_KEY } from "./read-arrow.ts";
import { checkWriteColumns, columnCells, hasNull, type WriteColumn } from "./write-column.ts";

/** Options of writeArrow. */
export interface WriteArrowOptions {
  readonly format: "file" | "stream";
  /** Rows in each record batch, >= 1. Default 65536. */
  readonly rowsPerBatch?: number;
}

/**
 * Writes columns as an Arrow IPC file or stream that records its own row count. The file appears whole or not at all.
 *
 * @throws {DataError} the columns differ in length, or two have one name.
 */
export async function writeArrow(
  path: string,
  columns: readonly WriteColumn[],
  { format, rowsPerBatch = 65536 }: WriteArrowOptions,
): Promise<void> {
  const rows = checkWriteColumns("writeArrow", columns);
  const fields = columns.map((column) => new Field(column.name, arrowType(column), hasNull(column)));
  const schema = new Schema(fields, new Map([[ROWS_METADATA_KEY, String(rows)]]));
  const batches = [];
  for (let start = 0; start < rows; start += rowsPerBatch) {
    const end = Math.min(rows, start + rowsPerBatch);
    const vectors = columns.map((column, i) => [
      column.name,
      vectorFromArray(columnCells(column, start, end), fields[i]!.type),
    ]);
    batches.push(...new Table(schema, Object.fromEntries(vectors)).batches);
  }
  const temporary = `${path}.tmp`;
  await writeFile(temporary, tableToIPC(new Table(schema, batches), format));
  await rename(temporary, path);
}

function arrowType(column: WriteColumn): DataType {
  switch (column.type) {
    case "int32":
      return new Int32();
    case "int64":
      return new Int64();
    case "float32":
      return new Float32();
    case "float64":
      return new Float64();
    case "boolean":
      return new Bool();
    case "string":
      return new Utf8();
    case "string-list":
      return new List(new Field("item", new Utf8(), false));
    case "float32-vector":
      return new FixedSizeList(column.width, new Field("item", new Float32(), false));
  }
}
