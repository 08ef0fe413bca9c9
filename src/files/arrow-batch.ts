// The library takes the lengths that a record batch states, and reads what is not there as zeros.
import { type Data, DataType, type RecordBatch } from "apache-arrow";
import { DataError } from "../errors.ts";

/** Most rows of a batch whose columns hold no bytes to count them by. */
const MOST_ROWS = 2 ** 26;

/**
 * Holds the length of every column of a batch against the bytes that it has.
 *
 * @throws {DataError} a column states more values than it holds.
 */
export function checkBatch(path: string, { data, numRows, schema }: RecordBatch): void {
  for (const [i, child] of data.children.entries()) {
    const most = mostValues(child);
    if (child.length === numRows && child.length <= most) continue;
    const name = JSON.stringify(schema.fields[i]?.name);
    throw new DataError(
      `${path}: column ${name} must hold the ${numRows} rows of its batch, got ${child.length}, with bytes for ${most}`,
    );
  }
}

/** Values that a column's bytes suffice for; those of its children too. */
function mostValues(data: Data): number {
  const { type, nullCount, nullBitmap, children } = data;
  const limits: number[] = [MOST_ROWS];
  if (nullCount > 0) limits.push((nullBitmap?.length ?? 0) * 8);
  if (DataType.isBool(type)) limits.push((data.values?.length ?? 0) * 8);
  else if (DataType.isUtf8(type) || DataType.isBinary(type) || DataType.isList(type)) limits.push(offsetsLimit(data));
  else if (DataType.isFixedSizeList(type)) limits.push((children[0]?.length ?? 0) / Math.max(1, type.listSize));
  else if (data.values !== undefined) limits.push(data.values.length);
  const isWhole = children.every((child) => child.length <= mostValues(child));
  return isWhole ? Math.min(...limits) : -1;
}

/** Offsets must not go down, nor over what they point into. */
function offsetsLimit({ type, length, valueOffsets, values, children }: Data): number {
  const end = DataType.isList(type) ? (children[0]?.length ?? 0) : (values?.length ?? 0);
  if (length === 0) return MOST_ROWS;
  if (valueOffsets === undefined || valueOffsets.length < length + 1) return (valueOffsets?.length ?? 0) - 1;
  for (let i = 0, before = 0; i <= length; i++) {
    const offset = Number(valueOffsets[i]);
    if (!(offset >= before && offset <= end)) return i;
    before = offset;
  }
  return MOST_ROWS;
}
