import { DataError } from "../../errors.ts";
import type { DayRange, TrainedRows } from "./manifest.ts";
import { decodeRowSet, hasRow, type RowSet } from "./row-set.ts";

/** Rows that are scored, or that a student learns from scores: by file content, as TrainedRows has them. */
export interface UsedRows {
  readonly files: TrainedRows["files"];
  readonly days: DayRange | null;
  /** Only the very rows count, not their days: for splits that are not by time. */
  readonly sameDays: boolean;
  /** Who complains. */
  readonly what: string;
}

/**
 * The clock of offline distillation: no score comes from a teacher that has seen the row. Rows are compared one by one
 * where teacher and job read the same files, and by day where the data have a time column.
 *
 * @throws {DataError} the teacher was trained on such a row, or on a day of such rows.
 */
export function assertUnseen(trained: TrainedRows, used: UsedRows): void {
  const leak = findLeak(trained, used);
  if (leak !== undefined) throw leak;
}

/** The error that assertUnseen would throw; undefined where the teacher has seen nothing. */
export function findLeak(trained: TrainedRows, { files, days, sameDays, what }: UsedRows): DataError | undefined {
  for (const { sha256, name, trained: text } of files) {
    const seen = trained.files.find((file) => file.sha256 === sha256);
    if (seen === undefined) continue;
    const { common, first } = commonRows(decodeRowSet(seen.trained), decodeRowSet(text));
    if (common > 0) {
      return new DataError(
        `${what}: rows must be new to the teacher, got ${common} of ${name} that it was trained on (the first is row ${first + 1}); score rows that came after its training rows`,
      );
    }
  }
  const seen = trained.days;
  if (sameDays || seen === null || days === null || seen.column !== days.column) return undefined;
  if (days.from > seen.to || days.to < seen.from) return undefined;
  return new DataError(
    `${what}: day must be one that the teacher was not trained on, got ${seen.column} ${span(days)} where the teacher has seen ${span(seen)}; set score.sameDays where the split is not by time`,
  );
}

function commonRows(seen: RowSet, used: RowSet): { readonly common: number; readonly first: number } {
  let common = 0;
  let first = -1;
  for (const [i, from] of used.from.entries()) {
    for (let row = from; row < used.to[i]!; row++) {
      if (!hasRow(seen, row)) continue;
      if (common === 0) first = row;
      common++;
    }
  }
  return { common, first };
}

function span({ from, to }: DayRange): string {
  return from === to ? String(from) : `${from} to ${to}`;
}
