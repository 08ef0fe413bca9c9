import type { Catalogue } from "./dataset.ts";
import type { EncodedColumn } from "./encode-column.ts";
import type { CategoryColumn } from "./raw-column.ts";
import { sharedFloat32, sharedInt32 } from "./shared-array.ts";

/** Options of buildCatalogue. */
export interface CatalogueOptions {
  /** The encoded features of the catalogue's role, by name: [rows * width]. */
  readonly features: ReadonlyMap<string, EncodedColumn>;
  readonly trainRows: Int32Array;
}

/** Numbers the entities of a key column by first appearance and gathers their features from their first rows. */
export function buildCatalogue(key: CategoryColumn, { features, trainRows }: CatalogueOptions): Catalogue {
  const entityOf = new Int32Array(key.values.length).fill(-1);
  const firstRows: number[] = [];
  const ids: string[] = [];
  const rowEntity = sharedInt32(key.codes.length);
  for (let row = 0; row < key.codes.length; row++) {
    const code = key.codes[row]!;
    if (entityOf[code] === -1) {
      entityOf[code] = ids.push(key.values[code]!) - 1;
      firstRows.push(row);
    }
    rowEntity[row] = entityOf[code]!;
  }
  const trainCount = sharedInt32(ids.length);
  for (const row of trainRows) trainCount[rowEntity[row]!]! += 1;
  const own = [...features].map(([name, column]) => [name, takeEncoded(column, firstRows)] as const);
  return { size: ids.length, ids, features: new Map(own), rowEntity, trainCount };
}

function takeEncoded({ data, width }: EncodedColumn, rows: readonly number[]): EncodedColumn {
  const taken = data instanceof Int32Array ? sharedInt32(rows.length * width) : sharedFloat32(rows.length * width);
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j < width; j++) taken[i * width + j] = data[row * width + j]!;
  }
  return { data: taken, width };
}
