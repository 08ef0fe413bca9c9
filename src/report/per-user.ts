import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { DataError } from "../errors.ts";
import { nodeFiles } from "../files/file-layer.ts";

/** Metrics of each user of the test part, by `model/metric` and the user's id; users without a value are left out. */
export type PerUser = ReadonlyMap<string, ReadonlyMap<string, number>>;

/** Reads the table of users' metrics of a run; undefined where it kept none. @throws {DataError} it is broken. */
export async function readPerUser(path: string): Promise<PerUser | undefined> {
  if (!(await nodeFiles.exists(path))) return undefined;
  try {
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(path) });
    const metrics = Object.keys(rows[0] ?? {}).filter((name) => name !== "user");
    return new Map(
      metrics.map((metric) => {
        const own = rows.filter((row) => typeof row[metric] === "number");
        return [metric, new Map(own.map((row) => [String(row.user), row[metric] as number]))];
      }),
    );
  } catch (error) {
    throw new DataError(
      `${path}: file must hold the metrics of users, got ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
