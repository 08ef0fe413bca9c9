// What a Parquet file's footer and page headers ask for, looked at before the library reads them: it allocates and loops
// as they say. Source: Apache Parquet format, parquet.thrift (FileMetaData).
import type { AsyncBuffer, Compressors, FileMetaData, RowGroup, SchemaElement } from "hyparquet";
import { DataError } from "../errors.ts";
import { pagesProblem } from "./parquet-pages.ts";
import { walkThrift } from "./thrift-walk.ts";

/** Most values of a column in one row group. */
const MOST_VALUES = 2 ** 26;
const TAIL_BYTES = 8;
/** Fields of FileMetaData and SchemaElement. */
const FOOTER = { schema: 2, children: 5 } as const;

/** @throws Error a length in the footer goes over its end. */
export async function checkFooter(file: AsyncBuffer): Promise<void> {
  const { byteLength } = file;
  if (byteLength < TAIL_BYTES) throw new Error(`a footer takes ${TAIL_BYTES} bytes or more, got ${byteLength}`);
  const tail = new DataView(await file.slice(byteLength - TAIL_BYTES, byteLength));
  const start = byteLength - TAIL_BYTES - tail.getUint32(0, true);
  // Of a tail that is none, the library says so.
  if (!(start >= 0 && tail.getUint32(4, true) === 0x31524150)) return;
  const { lists } = walkThrift(new DataView(await file.slice(start, byteLength - TAIL_BYTES)), 0);
  // The library looks for as many children as the schema says, for ever where there are fewer.
  const children = (lists.get(FOOTER.schema) ?? []).map(({ numbers }) => numbers.get(FOOTER.children) ?? 0);
  const sum = children.reduce((a, b) => a + b, 0);
  if (children.some((count) => count < 0) || sum !== children.length - 1)
    throw new Error(`the schema must hold its ${sum} children, got ${children.length - 1}`);
}

export interface GroupToRead {
  readonly group: RowGroup;
  readonly columns: readonly string[];
  readonly compressors: Compressors;
}

/**
 * Checks the chunks of some columns in a row group: where they lie, how many values they have and unpack to.
 *
 * @throws {DataError} a chunk is not where the schema has it, or asks for more than can be.
 */
export async function checkGroup(
  path: string,
  file: AsyncBuffer,
  { schema, row_groups }: FileMetaData,
  { group, columns, compressors }: GroupToRead,
): Promise<void> {
  const leaves = schemaLeaves(schema);
  const fail = (what: string): DataError =>
    new DataError(`${path}: row group ${row_groups.indexOf(group) + 1} must be whole, got ${what}`);
  if (group.columns.length !== leaves.length) throw fail(`${group.columns.length} columns of ${leaves.length}`);
  const rows = Number(group.num_rows);
  if (!(rows >= 0 && rows <= MOST_VALUES)) throw fail(`${rows} rows; write groups of at most ${MOST_VALUES}`);
  for (const [i, { meta_data: chunk }] of group.columns.entries()) {
    const leaf = leaves[i]!;
    const name = chunk?.path_in_schema.join(".");
    if (chunk === undefined || name !== leaf.path.join(".")) throw fail(`column ${i + 1} named ${name}`);
    if (!columns.includes(leaf.path[0]!)) continue;
    const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset);
    const end = start + Number(chunk.total_compressed_size);
    const values = Number(chunk.num_values);
    if (!(start >= 0 && end >= start && end <= file.byteLength))
      throw fail(`bytes ${start} to ${end} of ${file.byteLength} for column ${name}`);
    if (!(values >= 0 && values <= MOST_VALUES))
      throw fail(`${values} values in column ${name}; write groups of at most ${MOST_VALUES}`);
    const unpack = (bytes: Uint8Array, size: number): Uint8Array =>
      chunk.codec === "UNCOMPRESSED" ? bytes : (compressors[chunk.codec]?.(bytes, size) ?? bytes);
    const problem = pagesProblem(new Uint8Array(await file.slice(start, end)), { ...leaf, values, unpack });
    if (problem !== undefined) throw fail(`${problem} of column ${name}`);
  }
}

interface SchemaLeaf {
  /** Its name, after those above it. */
  readonly path: readonly string[];
  readonly maxDefinition: number;
  readonly maxRepetition: number;
}

/** The leaves of a schema, in order. */
function schemaLeaves(schema: readonly SchemaElement[]): SchemaLeaf[] {
  const leaves: SchemaLeaf[] = [];
  let at = 1;
  const walk = (above: SchemaLeaf): void => {
    const { name, num_children: children = 0, repetition_type: repetition } = schema[at++]!;
    const own = {
      path: [...above.path, name],
      maxDefinition: above.maxDefinition + (repetition === "REQUIRED" ? 0 : 1),
      maxRepetition: above.maxRepetition + (repetition === "REPEATED" ? 1 : 0),
    };
    if (children === 0) leaves.push(own);
    for (let i = 0; i < children && at < schema.length; i++) walk(own);
  };
  while (at < schema.length) walk({ path: [], maxDefinition: 0, maxRepetition: 0 });
  return leaves;
}
