import { ConfigError, DataError } from "../errors.ts";
import { buildCatalogue } from "./catalogue.ts";
import { compileExpression } from "./compile-expression.ts";
import { type DataConfig, keyColumn, soleColumn } from "./config.ts";
import { withCorpusFile, withCorpusValues } from "./corpus-file.ts";
import { countListsCut, reportData } from "./data-report.ts";
import type { Catalogue, Dataset, DatasetParts, SourceRows } from "./dataset.ts";
import { type EncodedColumn, encodeColumn } from "./encode-column.ts";
import { checkEncoding, type DataEncoding, vocabularyId } from "./encoding.ts";
import { parseExpression } from "./expression.ts";
import { featureColumns, featureSpecs } from "./feature-specs.ts";
import { fingerprintOf, loadHash } from "./fingerprint.ts";
import { fitEncoding } from "./fit-encoding.ts";
import { groupItems } from "./interactions.ts";
import { checkImplication, labelValues, weightValues } from "./labels.ts";
import { fitPairs, pairSpecs } from "./pairs/fit-pairs.ts";
import type { PairTable } from "./pairs/pair-table.ts";
import type { CategoryColumn, NumberColumn, RawColumn } from "./raw-column.ts";
import { takeRows } from "./raw-column.ts";
import { type FileRows, locateRow, type RawTable, type ReadProgress, readTable } from "./raw-table.ts";
import { groupRows, type RowGrouping } from "./row-groups.ts";
import { toSharedFloat32, toSharedInt32 } from "./shared-array.ts";
import { resolveSource } from "./source-files.ts";
import { type PartRows, splitRows } from "./split-rows.ts";
import { assertTableFits, encodedShares, rawTableShares } from "./table-memory.ts";

/** Options of openDataset. */
export interface OpenDatasetOptions {
  /** Folder that relative paths of the source start from: the config file's. */
  readonly baseDir: string;
  /** Encode with this encoding instead of learning one; then no training part is needed. */
  readonly encoding?: DataEncoding;
  /** With `encoding`: append the training and history rows' values that its vocabularies do not hold. Default false. */
  readonly extendEncoding?: boolean;
  /** Pair features fitted before, in place of those that the configuration would fit. */
  readonly pairs?: ReadonlyMap<string, PairTable>;
  /** Groups of rows that are wanted beside the features, by name; see Dataset.groups. */
  readonly groups?: Readonly<Record<string, RowGrouping>>;
  /** Called after each chunk that was read. */
  readonly onProgress?: (progress: ReadProgress) => void;
}

/**
 * Reads, checks, splits and encodes the data that a `data` block describes.
 *
 * Vocabularies, means, deviations and buckets come from the training rows alone. Memory: every configured column once
 * as it was read, and once encoded.
 *
 * @throws {DataError} the files break a rule of docs/data.md; the message names file, row or line, and column.
 * @throws {ConfigError} an expression, the split or the encoding does not fit.
 */
export async function openDataset(
  config: DataConfig,
  { baseDir, encoding, extendEncoding = false, pairs, groups = {}, onProgress }: OpenDatasetOptions,
): Promise<Dataset> {
  if (encoding !== undefined) checkEncoding(encoding, config.columns);
  const files = await resolveSource(config.source, { baseDir, format: config.format });
  const table = await readTable(files, config.columns, { onProgress });
  checkRows(table, config);
  const split = await splitRows(table, config);
  const used = takeUsedRows(table, split);
  const shares = [...rawTableShares(table.rows, config.columns), ...encodedShares(used.rows, config.columns)];
  assertTableFits(`data.source of ${table.rows} rows, ${used.rows} of them used`, shares);
  if (encoding === undefined && used.parts.train.length === 0) {
    throw new ConfigError("data.source: a training part must be named unless an encoding is given, got none");
  }
  if (pairs === undefined && used.parts.train.length === 0 && Object.keys(config.pairs).length > 0) {
    throw new ConfigError("data.pairs: statistics are of training rows, so a training part must be named, got none");
  }
  const dataset = await assemble(table, {
    config,
    baseDir,
    used,
    fitted: pairs,
    encoding: await encodingFor(used, config, { baseDir, ...(encoding && { encoding }), extendEncoding }),
  });
  return Object.keys(groups).length === 0 ? dataset : { ...dataset, groups: await groupRows(groups, used) };
}

async function encodingFor(
  { columns, parts }: UsedRows,
  config: DataConfig,
  { baseDir, encoding, extendEncoding }: Pick<OpenDatasetOptions, "baseDir" | "encoding" | "extendEncoding">,
): Promise<DataEncoding> {
  if (encoding !== undefined && !extendEncoding) return encoding;
  const rows = Int32Array.from([...(parts.history ?? []), ...parts.train]);
  return withCorpusValues(fitEncoding(columns, config.columns, rows, encoding), { config, baseDir });
}

/** The rows that some part holds, renumbered from 0 in file order. */
interface UsedRows {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, RawColumn>;
  readonly parts: DatasetParts;
  /** [rows] row of the table. */
  readonly sourceRows: Int32Array;
  readonly locate: (row: number) => string;
}

function checkRows(table: RawTable, { expectedRows }: DataConfig): void {
  const names = table.files.map(({ file }) => file.path).join(", ");
  if (table.rows === 0) throw new DataError(`${names}: the data must have rows, got a header only`);
  if (expectedRows !== undefined && table.rows !== expectedRows) {
    throw new DataError(`${names}: the data must have ${expectedRows} rows (data.expectedRows), got ${table.rows}`);
  }
}

function takeUsedRows(table: RawTable, split: PartRows): UsedRows {
  const isUsed = new Uint8Array(table.rows);
  for (const rows of Object.values(split)) for (const row of rows) isUsed[row] = 1;
  const newNumber = new Int32Array(table.rows);
  let rows = 0;
  for (let row = 0; row < table.rows; row++) if (isUsed[row] === 1) newNumber[row] = rows++;
  const kept = new Int32Array(rows);
  for (let row = 0; row < table.rows; row++) if (isUsed[row] === 1) kept[newNumber[row]!] = row;
  const renumber = (part: Int32Array): Int32Array => toSharedInt32(part.map((row) => newNumber[row]!));
  const whole = rows === table.rows;
  return {
    rows,
    columns: whole ? table.columns : new Map([...table.columns].map(([name, raw]) => [name, takeRows(raw, kept)])),
    parts: {
      train: renumber(split.train ?? new Int32Array(0)),
      ...(split.validation && { validation: renumber(split.validation) }),
      ...(split.test && { test: renumber(split.test) }),
      ...(split.history && { history: renumber(split.history) }),
    },
    sourceRows: kept,
    locate: (row) => locateRow(table, kept[row]!),
  };
}

interface AssembleOptions {
  readonly config: DataConfig;
  readonly baseDir: string;
  readonly used: UsedRows;
  /** Pair features fitted before. */
  readonly fitted: ReadonlyMap<string, PairTable> | undefined;
  readonly encoding: DataEncoding;
}

async function assemble(
  table: RawTable,
  { config, baseDir, used, fitted, encoding }: AssembleOptions,
): Promise<Dataset> {
  const hash = await loadHash();
  const labels = await evaluateLabels(config, used);
  const columns = new Map<string, EncodedColumn>();
  for (const [name, column] of featureColumns(config.columns)) {
    const raw = used.columns.get(name)!;
    const hashValue = (value: string): bigint => hash.h64(value);
    columns.set(name, encodeColumn(raw, { name, config: column, encoding, hash: hashValue, locate: used.locate }));
  }
  const users = catalogueOf("user", { config, used, columns });
  const items = await withCorpusFile(catalogueOf("item", { config, used, columns }), {
    config,
    baseDir,
    encoding,
    hash: (value) => hash.h64(value),
  });
  const own = featureSpecs(config.columns, encoding);
  const numbers = rawNumbers(config, used);
  // Statistics that were fitted elsewhere have no row of these to leave out.
  const isTrainRow = trainRowFlags(used.rows, fitted === undefined ? used.parts.train : new Int32Array(0));
  const pairs =
    fitted ??
    fitPairs(config.pairs, {
      rows: used.rows,
      features: own,
      columns,
      labels,
      numbers,
      itemFeatures: items.features,
      trainRows: used.parts.train,
      isTrainRow,
      userOf: users.rowEntity,
      itemOf: items.rowEntity,
      idOf: (feature, value) => vocabularyId(encoding, feature, value),
    });
  const content = {
    features: [...own, ...pairSpecs(pairs)],
    rows: used.rows,
    columns,
    labels,
    ...rowExtras(config, used),
    parts: used.parts,
    users,
    items,
    encoding,
    pairs,
    isTrainRow,
  };
  const known = Int32Array.from([...used.parts.train, ...(used.parts.history ?? [])]);
  const trainItems = groupItems(users.rowEntity, items.rowEntity, { rows: known, numUsers: users.size });
  const report = reportData(table, { ...content, trainItems }, countListsCut(used.columns, config.columns));
  const source = { files: table.files.map(sourceRowsOf), rows: used.sourceRows };
  return { ...content, trainItems, numbers, source, report, fingerprint: fingerprintOf(hash, content) };
}

function trainRowFlags(rows: number, train: Int32Array): Uint8Array {
  const flags = new Uint8Array(new SharedArrayBuffer(rows));
  for (const row of train) flags[row] = 1;
  return flags;
}

async function evaluateLabels(config: DataConfig, used: UsedRows): Promise<Map<string, Float32Array>> {
  const { columns, rows, locate } = used;
  const labels = new Map<string, Float32Array>();
  for (const [name, text] of Object.entries(config.labels)) {
    const where = `data.labels.${name}`;
    const expression = await parseExpression(text, { columns: Object.keys(config.columns), where });
    labels.set(name, labelValues(name, compileExpression(expression, { columns, where, locate }), { rows, locate }));
  }
  for (const [from, to] of Object.entries(config.implies)) checkImplication(labels, { from, to, locate });
  return labels;
}

function catalogueOf(
  role: "user" | "item",
  { config, used, columns }: { config: DataConfig; used: UsedRows; columns: ReadonlyMap<string, EncodedColumn> },
): Catalogue {
  const key = used.columns.get(keyColumn(config.columns, role)) as CategoryColumn;
  const own = [...columns].filter(([name]) => config.columns[name]!.role === role);
  return buildCatalogue(key, { features: new Map(own), trainRows: used.parts.train });
}

function sourceRowsOf({ file: { path, name }, start, rows }: FileRows): SourceRows {
  return { path, name, start, rows };
}

function rowExtras(config: DataConfig, used: UsedRows): Pick<Dataset, "weight" | "group" | "teacherScores"> {
  const weight = soleColumn(config.columns, "weight");
  const group = soleColumn(config.columns, "group");
  const numbersOf = (name: string): Float64Array => (used.columns.get(name) as NumberColumn).values;
  const scores = Object.keys(config.columns).filter((name) => config.columns[name]!.role === "teacher-score");
  const codes = group === undefined ? undefined : (used.columns.get(group) as CategoryColumn).codes;
  return {
    ...(weight !== undefined && { weight: weightValues(numbersOf(weight), { column: weight, locate: used.locate }) }),
    ...(codes !== undefined && { group: toSharedInt32(codes) }),
    teacherScores: new Map(scores.map((name) => [name, toSharedFloat32(numbersOf(name))])),
  };
}

function rawNumbers(config: DataConfig, used: UsedRows): Map<string, Float64Array> {
  const numbers = new Map<string, Float64Array>();
  for (const [name, { role }] of Object.entries(config.columns)) {
    const raw = used.columns.get(name)!;
    if ((role === "label" || role === "time" || role === "extra") && raw.storage === "numbers") {
      numbers.set(name, raw.values);
    }
  }
  return numbers;
}
