import { gzipSync } from "node:zlib";
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { type WriteBytes, writeAtomically } from "../files/atomic-write.ts";
import type { FileLayer } from "../files/file-layer.ts";
import { checkWriteColumns, columnCells, hasNull, type WriteColumn } from "./write-column.ts";

/** Options of writeParquet. */
export interface WriteParquetOptions {
  /** Compression of pages: snappy is quick, gzip is small. Default snappy. */
  readonly codec?: "none" | "snappy" | "gzip";
  /** Rows in each row group, >= 1: what a reader must hold in memory. Default 65536. */
  readonly rowsPerGroup?: number;
  readonly files?: FileLayer;
}

const CODECS = { none: "UNCOMPRESSED", snappy: "SNAPPY", gzip: "GZIP" } as const;

/**
 * Writes columns as a Parquet file. The file appears whole or not at all.
 *
 * @throws {DataError} the columns differ in length, or two have one name; the disk refuses.
 * Source: Apache Parquet format, https://parquet.apache.org/docs/file-format/
 */
export async function writeParquet(
  path: string,
  columns: readonly WriteColumn[],
  { codec = "snappy", rowsPerGroup = 65536, files }: WriteParquetOptions = {},
): Promise<void> {
  const rows = checkWriteColumns("writeParquet", columns);
  await writeAtomically(path, (write) => writeGroups(columns, { rows, rowsPerGroup, codec, write }), {
    ...(files && { files }),
  });
}

interface WriteGroups extends Required<Pick<WriteParquetOptions, "codec" | "rowsPerGroup">> {
  readonly rows: number;
  readonly write: WriteBytes;
}

/** Writes one row group after the other: no more than one is in memory. */
async function writeGroups(
  columns: readonly WriteColumn[],
  { rows, rowsPerGroup, codec, write }: WriteGroups,
): Promise<void> {
  const bytes = new ByteWriter();
  const flush = async (): Promise<void> => {
    await write(bytes.getBytes());
    bytes.index = 0;
  };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "schema", num_children: columns.length }, ...columns.flatMap(schemaOf)],
    codec: CODECS[codec],
    compressors: { GZIP: (bytes) => gzipSync(bytes, { level: 9 }) },
    createdBy: "twinstill",
  });
  for (let start = 0; start < rows; start += rowsPerGroup) {
    const end = Math.min(rows, start + rowsPerGroup);
    const columnData = columns.map((column) => ({ name: column.name, data: columnCells(column, start, end) }));
    await writer.write({ columnData, rowGroupSize: end - start });
    await flush();
  }
  await writer.finish();
  await flush();
}

function schemaOf(column: WriteColumn): SchemaElement[] {
  const { name } = column;
  const repetition_type = hasNull(column) ? "OPTIONAL" : "REQUIRED";
  switch (column.type) {
    case "int32":
      return [{ name, type: "INT32", repetition_type }];
    case "int64":
      return [{ name, type: "INT64", repetition_type }];
    case "float32":
      return [{ name, type: "FLOAT", repetition_type }];
    case "float64":
      return [{ name, type: "DOUBLE", repetition_type }];
    case "boolean":
      return [{ name, type: "BOOLEAN", repetition_type }];
    case "string":
      return [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type }];
    case "string-list":
      return listOf(name, repetition_type, { type: "BYTE_ARRAY", converted_type: "UTF8" });
    case "float32-vector":
      return listOf(name, repetition_type, { type: "FLOAT" });
  }
}

function listOf(
  name: string,
  repetition_type: "OPTIONAL" | "REQUIRED",
  element: Pick<SchemaElement, "type" | "converted_type">,
): SchemaElement[] {
  return [
    { name, repetition_type, num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "REQUIRED", ...element },
  ];
}
