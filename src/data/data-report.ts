import { type ColumnConfig, hasVocabulary } from "./column-config.ts";
import type { BatchData, DatasetParts, EntityTable, FeatureSpec } from "./dataset.ts";
import type { EncodedColumn } from "./encode-column.ts";
import { OUT_OF_VOCABULARY_ID } from "./encoding.ts";
import { hasItem } from "./interactions.ts";
import type { ListColumn, RawColumn } from "./raw-column.ts";
import type { RawTable } from "./raw-table.ts";
import type { PartName } from "./source-files.ts";

/** What a part holds. */
export interface PartReport {
  readonly rows: number;
  readonly users: number;
  readonly items: number;
  /** Users (items) of this part without a training row. */
  readonly coldUsers: number;
  readonly coldItems: number;
  /** Rows whose user and item are a pair of the training part too; all rows of the training part. */
  readonly knownPairs: number;
  /** Mean of each label. */
  readonly labelRates: Readonly<Record<string, number>>;
  /** Values that became the out-of-vocabulary row, by feature. */
  readonly outOfVocabulary: Readonly<Record<string, number>>;
}

/** What was read, for the log and the run folder. Plain JSON. */
export interface DataReport {
  readonly files: readonly { readonly name: string; readonly rows: number }[];
  /** Rows of all files. */
  readonly rowsRead: number;
  /** Rows that no part holds. */
  readonly rowsUnused: number;
  readonly parts: Readonly<Partial<Record<PartName, PartReport>>>;
  /** Rows of each feature's table, padding and out-of-vocabulary row included. */
  readonly vocabularySizes: Readonly<Record<string, number>>;
  /** Rows whose list was longer than maxLength, by feature. */
  readonly listsCut: Readonly<Record<string, number>>;
}

/** Counts what a dataset holds. */
export function reportData(
  table: Pick<RawTable, "files" | "rows">,
  data: BatchData & { readonly parts: DatasetParts },
  listsCut: Readonly<Record<string, number>>,
): DataReport {
  const { train, ...others } = data.parts;
  const heldOut = Object.entries(others).map(([part, rows]) => [
    part,
    reportPart(data, rows, countKnownPairs(data, rows)),
  ]);
  const withTables = tableFeatures(data);
  return {
    files: table.files.map(({ file, rows }) => ({ name: file.name, rows })),
    rowsRead: table.rows,
    rowsUnused: table.rows - data.rows,
    parts: { train: reportPart(data, train, train.length), ...Object.fromEntries(heldOut) },
    vocabularySizes: Object.fromEntries(withTables.map(({ name, vocabularySize }) => [name, vocabularySize])),
    listsCut,
  };
}

/** Rows whose list is longer than its column's maxLength, by column with such rows. */
export function countListsCut(
  raw: ReadonlyMap<string, RawColumn>,
  columns: Readonly<Record<string, ColumnConfig>>,
): Record<string, number> {
  const cut: Record<string, number> = {};
  for (const [name, column] of Object.entries(columns)) {
    if (!hasVocabulary(column) || column.kind !== "multi") continue;
    const { offsets } = raw.get(name) as ListColumn;
    let rows = 0;
    for (let row = 0; row + 1 < offsets.length; row++) {
      if (offsets[row + 1]! - offsets[row]! > column.maxLength) rows++;
    }
    if (rows > 0) cut[name] = rows;
  }
  return cut;
}

/** Features of one column that have a table. */
function tableFeatures({ features }: BatchData): readonly FeatureSpec[] {
  return features.filter(({ vocabularySize, role }) => vocabularySize > 0 && role !== "cross");
}

function reportPart(data: BatchData, rows: Int32Array, knownPairs: number): PartReport {
  const withTables = tableFeatures(data);
  const rates = [...data.labels].map(([name, values]) => [name, mean(values, rows)]);
  const counts = withTables.map((feature) => [feature.name, countOov(feature, data.columns.get(feature.name)!, rows)]);
  const users = distinctEntities(data.users, rows);
  const items = distinctEntities(data.items, rows);
  return {
    rows: rows.length,
    users: users.distinct,
    items: items.distinct,
    coldUsers: users.cold,
    coldItems: items.cold,
    knownPairs,
    labelRates: Object.fromEntries(rates),
    outOfVocabulary: Object.fromEntries(counts.filter(([, count]) => Number(count) > 0)),
  };
}

function countKnownPairs({ users, items, trainItems }: BatchData, rows: Int32Array): number {
  let pairs = 0;
  for (const row of rows) if (hasItem(trainItems, users.rowEntity[row]!, items.rowEntity[row]!)) pairs++;
  return pairs;
}

function mean(values: Float32Array, rows: Int32Array): number {
  let sum = 0;
  for (const row of rows) sum += values[row]!;
  return rows.length === 0 ? 0 : sum / rows.length;
}

function countOov(feature: FeatureSpec, { data }: EncodedColumn, rows: Int32Array): number {
  let count = 0;
  for (const row of rows) {
    for (let i = row * feature.width; i < (row + 1) * feature.width; i++) if (data[i] === OUT_OF_VOCABULARY_ID) count++;
  }
  return count;
}

function distinctEntities(entities: EntityTable, rows: Int32Array): { distinct: number; cold: number } {
  const seen = new Uint8Array(entities.size);
  let distinct = 0;
  let cold = 0;
  for (const row of rows) {
    const entity = entities.rowEntity[row]!;
    if (seen[entity] === 1) continue;
    seen[entity] = 1;
    distinct++;
    if (entities.trainCount[entity] === 0) cold++;
  }
  return { distinct, cold };
}
