import { DataError } from "../errors.ts";
import { type ColumnConfig, hasVocabulary, isFeature } from "./column-config.ts";
import { type ColumnEncoding, type DataEncoding, encodingKind } from "./encoding.ts";
import type { CategoryColumn, ListColumn, NumberColumn, RawColumn } from "./raw-column.ts";

/**
 * Learns the encoding of every feature from the training rows (and those of history) alone.
 *
 * Built vocabularies hold the values by first appearance in the rows, in their order; columns that share a vocabulary
 * are read after its owner, in the order of the config.
 *
 * @param previous - an encoding to extend: its numbers stay, and so do its values' rows; new values come after them.
 * @throws {DataError} a column to standardise does not vary, or buckets find no boundary.
 */
export function fitEncoding(
  raw: ReadonlyMap<string, RawColumn>,
  columns: Readonly<Record<string, ColumnConfig>>,
  trainRows: Int32Array,
  previous?: DataEncoding,
): DataEncoding {
  const encodings: Record<string, ColumnEncoding> = {};
  for (const [name, column] of Object.entries(columns)) {
    if (!isFeature(column)) continue;
    const before = previous?.columns[name];
    if (before !== undefined && before.kind !== "built") encodings[name] = before;
    else if (!hasVocabulary(column)) {
      encodings[name] = fitNumbers(name, column, present(raw.get(name) as NumberColumn, column.missing, trainRows));
    } else if (column.shareWith !== undefined) encodings[name] = { kind: "shared", with: column.shareWith };
    else if (column.vocabulary?.kind === "hashed") encodings[name] = { kind: "hashed", rows: column.vocabulary.rows };
    else {
      const sources = [name, ...sharersOf(name, columns)].map(
        (source) => raw.get(source) as CategoryColumn | ListColumn,
      );
      const values = frequentValues(sources, column.vocabulary?.minCount ?? 1, trainRows);
      encodings[name] = {
        kind: "built",
        values: before === undefined ? values : [...new Set([...before.values, ...values])],
      };
    }
  }
  return { version: 1, columns: encodings };
}

function sharersOf(owner: string, columns: Readonly<Record<string, ColumnConfig>>): string[] {
  return Object.keys(columns).filter((name) => {
    const column = columns[name]!;
    return hasVocabulary(column) && column.shareWith === owner;
  });
}

/** Distinct values of the rows by first appearance, those with at least `minCount` appearances. */
function frequentValues(
  sources: readonly (CategoryColumn | ListColumn)[],
  minCount: number,
  rows: Int32Array,
): string[] {
  const counted = sources.map((column) => ({ values: column.values, ...countCodes(column, rows) }));
  const [first] = counted;
  if (first !== undefined && counted.length === 1) {
    return first.order.filter((code) => first.countOf[code]! >= minCount).map((code) => first.values[code]!);
  }
  const counts = new Map<string, number>();
  for (const { values, order, countOf } of counted) {
    for (const code of order) counts.set(values[code]!, (counts.get(values[code]!) ?? 0) + countOf[code]!);
  }
  return [...counts].filter(([, count]) => count >= minCount).map(([value]) => value);
}

function countCodes(column: CategoryColumn | ListColumn, rows: Int32Array): { order: number[]; countOf: Float64Array } {
  const { codes } = column;
  const countOf = new Float64Array(column.values.length);
  const order: number[] = [];
  for (const row of rows) {
    const start = column.storage === "lists" ? column.offsets[row]! : row;
    const end = column.storage === "lists" ? column.offsets[row + 1]! : row + 1;
    for (let i = start; i < end; i++) {
      const code = codes[i]!;
      if (code < 0) continue;
      if (countOf[code] === 0) order.push(code);
      countOf[code]! += 1;
    }
  }
  return { order, countOf };
}

/** The values at the rows, missing ones replaced by their number or left out. */
function present(column: NumberColumn, missing: "error" | "oov" | number, rows: Int32Array): Float64Array {
  const values = new Float64Array(rows.length);
  let kept = 0;
  for (const row of rows) {
    const value = column.values[row]!;
    if (!Number.isNaN(value)) values[kept++] = value;
    else if (typeof missing === "number") values[kept++] = missing;
  }
  return values.subarray(0, kept);
}

function fitNumbers(name: string, column: ColumnConfig, values: Float64Array): ColumnEncoding {
  const kind = encodingKind(column);
  if (kind === "standardise") return { kind, ...meanAndDeviation(name, values) };
  if (kind === "log" || kind === "none") return { kind };
  const buckets = "buckets" in column ? column.buckets : undefined;
  return { kind: "buckets", boundaries: typeof buckets === "number" ? quantiles(name, buckets, values) : buckets! };
}

function meanAndDeviation(name: string, values: Float64Array): { mean: number; deviation: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  const deviation = Math.sqrt(squares / values.length);
  if (!(deviation > 0)) {
    const cure = "drop the column or set transform: none";
    throw new DataError(
      `column ${JSON.stringify(name)} must vary over the training part to be standardised, got one value; ${cure}`,
    );
  }
  return { mean, deviation };
}

/** Boundaries that put equal numbers of values into `buckets` buckets; equal boundaries are one. */
function quantiles(name: string, buckets: number, values: Float64Array): number[] {
  const sorted = values.toSorted();
  const boundaries = new Set<number>();
  for (let i = 1; i < buckets; i++) {
    const boundary = sorted[Math.floor((i * sorted.length) / buckets)];
    // A boundary at the smallest value would leave the bucket below it empty.
    if (boundary !== undefined && boundary > sorted[0]!) boundaries.add(boundary);
  }
  if (boundaries.size === 0) {
    throw new DataError(
      `column ${JSON.stringify(name)} must vary over the training part to be bucketed, got one value`,
    );
  }
  return [...boundaries];
}
