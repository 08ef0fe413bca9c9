import { soleColumn } from "../data/config.ts";
import type { Dataset } from "../data/dataset.ts";
import { hashFile } from "../data/hash-files.ts";
import type { DayRange, TrainedRows } from "../distill/scores/manifest.ts";
import { countRows, decodeRowSet, encodeRowSet, rowSet, unionRows } from "../distill/scores/row-set.ts";
import type { RunConfig } from "./config/run-config.ts";

type SourceFiles = TrainedRows["files"];

/** Some rows of a dataset by the files that they lie in: the row of the file, and the file's hash. */
export async function rowsByFile(dataset: Dataset, rows: Int32Array): Promise<SourceFiles> {
  const { files, rows: sourceRows } = dataset.source;
  const own = files.map((): number[] => []);
  for (const row of rows) {
    const at = sourceRows[row]!;
    const file = files.findLastIndex(({ start }) => start <= at);
    own[file]!.push(at - files[file]!.start);
  }
  const found = files.map(async ({ path, name, rows: fileRows }, i) => ({
    name,
    sha256: await hashFile(path),
    rows: fileRows,
    trained: encodeRowSet(rowSet(own[i]!)),
  }));
  return (await Promise.all(found)).filter(({ trained }) => trained !== "");
}

/** Smallest and largest time of some rows; null where the data have no time column or the rows no time. */
export function dayRange(dataset: Dataset, config: RunConfig, rows: Int32Array): DayRange | null {
  const column = soleColumn(config.data.columns, "time");
  if (column === undefined) return null;
  const times = dataset.numbers.get(column)!;
  let [from, to] = [Infinity, -Infinity];
  for (const row of rows) {
    const time = times[row]!;
    if (time < from) from = time;
    if (time > to) to = time;
  }
  return Number.isFinite(from) && Number.isFinite(to) ? { column, from, to } : null;
}

/** What a run trains on: its training rows. */
export async function trainedRows(dataset: Dataset, config: RunConfig): Promise<TrainedRows> {
  const { train } = dataset.parts;
  return {
    rows: train.length,
    days: dayRange(dataset, config, train),
    files: await rowsByFile(dataset, train),
  };
}

/** What a model has seen that was trained on `own` after, or by a teacher of, `earlier`. */
export function unionTrained(own: TrainedRows, earlier: TrainedRows): TrainedRows {
  const bySha = new Map(own.files.map((file) => [file.sha256, file]));
  for (const file of earlier.files) {
    const known = bySha.get(file.sha256);
    const trained = known === undefined ? file.trained : unionTexts(known.trained, file.trained);
    bySha.set(file.sha256, { ...(known ?? file), trained });
  }
  const files = [...bySha.values()];
  const rows = files.reduce((sum, { trained }) => sum + countRows(decodeRowSet(trained)), 0);
  return { rows, days: unionDays(own.days, earlier.days), files };
}

function unionTexts(a: string, b: string): string {
  return encodeRowSet(unionRows(decodeRowSet(a), decodeRowSet(b)));
}

function unionDays(a: DayRange | null, b: DayRange | null): DayRange | null {
  if (a === null || b === null) return a ?? b;
  return { column: a.column, from: Math.min(a.from, b.from), to: Math.max(a.to, b.to) };
}
