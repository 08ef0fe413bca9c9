import { DataError } from "../errors.ts";
import { type ColumnConfig, hasVocabulary } from "./column-config.ts";
import { type DataConfig, keyColumn } from "./config.ts";
import type { Catalogue } from "./dataset.ts";
import { type EncodedColumn, encodeColumn } from "./encode-column.ts";
import type { ColumnEncoding, DataEncoding } from "./encoding.ts";
import { featureColumns } from "./feature-specs.ts";
import type { CategoryColumn } from "./raw-column.ts";
import { locateRow, readTable } from "./raw-table.ts";
import { sharedFloat32, sharedInt32 } from "./shared-array.ts";
import { resolveSource } from "./source-files.ts";

export interface CorpusOptions {
  readonly config: DataConfig;
  readonly baseDir: string;
  readonly encoding: DataEncoding;
  readonly hash: (value: string) => bigint;
}

/**
 * The items of the rows, and after them those that only the corpus file (`data.items`) names: never shown, but there to
 * be found.
 *
 * @throws {DataError} the file breaks its contract, lacks an item column, or names an item twice.
 */
export async function withCorpusFile(
  items: Catalogue,
  { config, baseDir, encoding, hash }: CorpusOptions,
): Promise<Catalogue> {
  if (config.items === undefined) return items;
  const columns = itemColumns(config);
  const files = await resolveSource(config.items, { baseDir, format: "auto" });
  const table = await readTable(files, columns, {});
  const locate = (row: number): string => locateRow(table, row);
  const { values, codes } = table.columns.get(keyColumn(config.columns, "item")) as CategoryColumn;
  const known = new Set(items.ids);
  const named = new Set<string>();
  const added: number[] = [];
  for (let row = 0; row < codes.length; row++) {
    const id = values[codes[row]!]!;
    if (named.has(id))
      throw new DataError(`${locate(row)}: data.items must name each item once, got ${JSON.stringify(id)} again`);
    named.add(id);
    if (!known.has(id)) added.push(row);
  }
  const ids = [...items.ids, ...added.map((row) => values[codes[row]!]!)];
  const encoded = featureColumns(columns).map(([name, column]) => {
    const own = encodeColumn(table.columns.get(name)!, { name, config: column, encoding, hash, locate });
    return [name, joined(items.features.get(name)!, own, added)] as const;
  });
  const trainCount = sharedInt32(ids.length);
  trainCount.set(items.trainCount);
  return { ...items, ids, size: ids.length, trainCount, features: new Map(encoded) };
}

/**
 * The encoding with rows of their own for values that only the corpus file has, where a column's vocabulary asks for it.
 *
 * @throws {DataError} the file breaks its contract, or lacks an item column.
 */
export async function withCorpusValues(
  encoding: DataEncoding,
  { config, baseDir }: Pick<CorpusOptions, "config" | "baseDir">,
): Promise<DataEncoding> {
  const wanted = Object.entries(itemColumns(config)).filter(
    ([, column]) => hasVocabulary(column) && column.vocabulary?.kind === "built" && column.vocabulary.corpus,
  );
  if (wanted.length === 0 || config.items === undefined) return encoding;
  const files = await resolveSource(config.items, { baseDir, format: "auto" });
  const table = await readTable(files, Object.fromEntries(wanted), {});
  const extended = wanted.map(([name]): [string, ColumnEncoding] => {
    const { values } = encoding.columns[name] as Extract<ColumnEncoding, { kind: "built" }>;
    const { values: more } = table.columns.get(name) as CategoryColumn;
    return [name, { kind: "built", values: [...new Set([...values, ...more])] }];
  });
  return { ...encoding, columns: { ...encoding.columns, ...Object.fromEntries(extended) } };
}

function itemColumns(config: DataConfig): Record<string, ColumnConfig> {
  return Object.fromEntries(Object.entries(config.columns).filter(([, { role }]) => role === "item"));
}

/** The features of the known entities, then those of some rows. */
function joined(known: EncodedColumn, more: EncodedColumn, rows: readonly number[]): EncodedColumn {
  const { width } = known;
  const length = known.data.length + rows.length * width;
  const data = known.data instanceof Int32Array ? sharedInt32(length) : sharedFloat32(length);
  data.set(known.data);
  for (const [i, row] of rows.entries()) {
    for (let j = 0; j < width; j++) data[known.data.length + i * width + j] = more.data[row * width + j]!;
  }
  return { data, width };
}
