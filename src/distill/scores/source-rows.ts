import { DataError } from "../../errors.ts";
import type { StoreManifest } from "./manifest.ts";

/** The rows of data that scores are joined to. */
export interface JoinedSource {
  /** Files by content, and the row of the source at which each begins. */
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly start: number }[];
  /** [rows] row of the source, by row of the data. */
  readonly rows: Int32Array;
}

/** Finds the row of the data that a store's row number means; -1 where the data do not have it. */
export type RowFinder = (storeRow: number) => number;

/**
 * Finds rows by file content: a file of the data may lie elsewhere, and among others, than where it was scored.
 *
 * Memory: 4 bytes a row of the source.
 *
 * @throws {DataError} the data have none of the store's files.
 */
export function rowFinder(manifest: StoreManifest, source: JoinedSource): RowFinder {
  const starts = manifest.source.files.map(({ start }) => start);
  const shifts = manifest.source.files.map(({ sha256, start }) => {
    const own = source.files.find((file) => file.sha256 === sha256);
    return own === undefined ? undefined : own.start - start;
  });
  if (shifts.every((shift) => shift === undefined)) {
    const names = (files: readonly { readonly name: string; readonly sha256: string }[]): string =>
      files.map(({ name, sha256 }) => `${name} (SHA-256 ${sha256.slice(0, 12)})`).join(", ");
    throw new DataError(
      `score store: source.files must be files of the data for join: row, got ${names(manifest.source.files)} where the data have ${names(source.files)}; score these files, or set scores.join: user-item`,
    );
  }
  const rowOf = new Int32Array(source.rows.reduce((most, row) => Math.max(most, row + 1), 0)).fill(-1);
  for (const [row, sourceRow] of source.rows.entries()) rowOf[sourceRow] = row;
  return (storeRow) => {
    let file = starts.length - 1;
    while (file > 0 && starts[file]! > storeRow) file--;
    const shift = shifts[file];
    return shift === undefined ? -1 : (rowOf[storeRow + shift] ?? -1);
  };
}
