import { DataError, nearestName } from "../../errors.ts";
import type { DayRange } from "./manifest.ts";
import type { ScoreStore } from "./open-store.ts";

/** What a student asks of a store. */
export interface Wanted {
  readonly heads: readonly string[];
  /** Hash of the teacher's weights, and of its features, where they are known. */
  readonly weights?: string | undefined;
  readonly features?: string | undefined;
  /** Days of the training rows, for a join by row. */
  readonly day: DayRange | null;
}

/**
 * Refuses a store that does not fit, naming the field and both values.
 *
 * @throws {DataError} teacher, features, heads or day differ. (The schema is compared where the data are opened.)
 */
export function assertStoreFits({ folder: { path }, manifest }: ScoreStore, wanted: Wanted): void {
  const refuse = (field: string, want: unknown, got: unknown, cure = ""): never => {
    throw new DataError(`--scores ${path}: ${field} must be ${want}, got ${got}${cure}`);
  };
  const { teacher } = manifest;
  for (const field of ["weights", "features"] as const) {
    const want = wanted[field];
    const got = teacher.kind === "run" ? teacher[field] : "those of an imported store, which has none";
    if (want !== undefined && got !== want) refuse(`teacher.${field}`, want, got);
  }
  for (const head of wanted.heads) {
    if (manifest.heads.includes(head)) continue;
    const nearest = nearestName(head, manifest.heads);
    refuse(
      "heads",
      `such that "${head}" is there`,
      manifest.heads.join(", "),
      nearest ? `; did you mean "${nearest}"?` : "",
    );
  }
  const { day } = wanted;
  if (day === null || manifest.day === null) return;
  const within = manifest.day.column === day.column && manifest.day.from <= day.from && day.to <= manifest.day.to;
  if (!within) refuse("day", describe(day), describe(manifest.day));
}

function describe({ column, from, to }: DayRange): string {
  return from === to ? `${column} ${from}` : `${column} ${from} to ${to}`;
}
