// U = users with a value of some metric
import { parquetReadObjects } from "hyparquet";
import type { Dataset } from "../../data/dataset.ts";
import { writeParquet } from "../../data/write-parquet.ts";
import { DataError } from "../../errors.ts";
import { type FileLayer, nodeFiles } from "../../files/file-layer.ts";
import { readBytes } from "../../files/json-file.ts";

/** Metrics by user: what a mean over users is the mean of. */
export interface UserMetrics {
  /** [U] user numbers, rising. */
  readonly users: Int32Array;
  /** [U] by `student/recall@10`; NaN where a user has no value. */
  readonly values: Readonly<Record<string, Float64Array>>;
}

/** Puts metrics of different users side by side. */
export function joinUsers(parts: readonly UserMetrics[]): UserMetrics {
  const users = Int32Array.from(new Set(parts.flatMap((part) => [...part.users]))).sort();
  const placeOf = new Map(Array.from(users, (user, place) => [user, place]));
  const values = parts.flatMap((part) =>
    Object.entries(part.values).map(([name, own]) => {
      const all = new Float64Array(users.length).fill(Number.NaN);
      for (const [i, user] of part.users.entries()) all[placeOf.get(user)!] = own[i]!;
      return [name, all] as const;
    }),
  );
  return { users, values: Object.fromEntries(values) };
}

/** Writes a row a user: the id that the data give it, and each metric; null where it has no value. */
export async function writeUserMetrics(
  path: string,
  { users, values }: UserMetrics,
  { ids }: Pick<Dataset["users"], "ids">,
  files: FileLayer,
): Promise<void> {
  const nullable = (own: Float64Array) => Array.from(own, (value) => (Number.isNaN(value) ? null : value));
  const columns = [
    { name: "user", type: "string" as const, values: Array.from(users, (user) => ids[user]!) },
    ...Object.entries(values).map(([name, own]) => ({ name, type: "float64" as const, values: nullable(own) })),
  ];
  await writeParquet(path, columns, { files });
}

/** Values of one metric by the user's id; users without a value are left out. */
export type ValuesByUser = ReadonlyMap<string, number>;

/**
 * Reads some metrics of a file that writeUserMetrics wrote.
 *
 * @returns by metric; one that the file does not have is left out. @throws {DataError} the file is broken.
 */
export async function readUserMetrics(
  path: string,
  metrics: readonly string[],
  files: FileLayer = nodeFiles,
): Promise<ReadonlyMap<string, ValuesByUser>> {
  const { buffer } = (await readBytes(path, files)).slice();
  try {
    const rows = await parquetReadObjects({ file: buffer });
    const known = metrics.filter((metric) => rows[0] !== undefined && metric in rows[0]);
    return new Map(
      known.map((metric) => {
        const own = rows.filter((row) => row[metric] !== null && row[metric] !== undefined);
        return [metric, new Map(own.map((row) => [String(row.user), Number(row[metric])]))];
      }),
    );
  } catch (error) {
    throw new DataError(
      `${path}: file must hold the metrics of users, got ${error instanceof Error ? error.message : String(error)}; run it again`,
    );
  }
}
