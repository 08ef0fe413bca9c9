import type { BatchData } from "./dataset.ts";

/**
 * Which rows of a batch may not serve as in-batch negatives of which.
 *
 * @param rows - [b] row numbers, b <= size; the rest of the batch is padding.
 * @returns [size, size] 1 where the item of row j is no negative of row i: an item of its user's training rows, the
 *   same item, or padding. 0 elsewhere and on the diagonal. Padded rows i are 0.
 */
export function knownMatrix(data: BatchData, rows: Int32Array, size: number): Float32Array {
  const known = new Float32Array(size * size);
  const { users, items, trainItems } = data;
  const columnsOf = new Map<number, number[]>();
  for (let j = 0; j < rows.length; j++) {
    const item = items.rowEntity[rows[j]!]!;
    const columns = columnsOf.get(item);
    if (columns === undefined) columnsOf.set(item, [j]);
    else columns.push(j);
  }
  const mark = (i: number, item: number): void => {
    for (const j of columnsOf.get(item) ?? []) known[i * size + j] = 1;
  };
  for (let i = 0; i < rows.length; i++) {
    const user = users.rowEntity[rows[i]!]!;
    for (let k = trainItems.offsets[user]!; k < trainItems.offsets[user + 1]!; k++) mark(i, trainItems.items[k]!);
    mark(i, items.rowEntity[rows[i]!]!);
    known.fill(1, i * size + rows.length, (i + 1) * size);
    known[i * size + i] = 0;
  }
  return known;
}
