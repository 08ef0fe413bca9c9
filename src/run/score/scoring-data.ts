import { type ColumnConfig, isFeature } from "../../data/column-config.ts";
import { type DataConfig, keyColumn, soleColumn } from "../../data/config.ts";
import type { Dataset } from "../../data/dataset.ts";
import { openDataset } from "../../data/open-dataset.ts";
import type { StoreHeader } from "../../distill/scores/manifest.ts";
import { DataError } from "../../errors.ts";
import { firstDifference } from "../../files/json-file.ts";
import type { ResolvedConfig } from "../config/run-config.ts";
import type { OpenedTeacher } from "./open-teacher.ts";

type Columns = DataConfig["columns"];
type Schema = StoreHeader["schema"];

/** The columns that a teacher reads, as its configuration describes them: what a store's scores depend on. */
export function schemaOf(columns: Columns): Schema {
  const features = Object.entries(columns).filter(([, column]) => isFeature(column));
  return {
    user: keyColumn(columns, "user"),
    item: keyColumn(columns, "item"),
    request: soleColumn(columns, "group") ?? null,
    columns: JSON.parse(JSON.stringify(Object.fromEntries(features))),
  };
}

/**
 * Checks that data are described as the teacher's were, as far as both read the same columns.
 *
 * @param what - who complains, for the message. @throws {DataError} keys or a common column differ, named with both values.
 */
export function assertSameSchema(what: string, own: Schema, teacher: Schema): void {
  for (const key of ["user", "item"] as const) {
    if (own[key] !== teacher[key])
      throw new DataError(`${what}: schema.${key} must be the teacher's "${teacher[key]}", got "${own[key]}"`);
  }
  for (const [name, column] of Object.entries(teacher.columns)) {
    if (!(name in own.columns)) continue;
    const difference = firstDifference(column, own.columns[name], ["schema", "columns", name]);
    if (difference === undefined) continue;
    const { path, before, now } = difference;
    throw new DataError(`${what}: ${path} must be the teacher's ${JSON.stringify(before)}, got ${JSON.stringify(now)}`);
  }
}

/**
 * The columns to read for scoring: the teacher's features, and the configuration's other columns, which its split may
 * use. Its own features that the teacher does not read are kept for that alone.
 */
export function scoringColumns(own: Columns, teacher: Columns): Columns {
  const columns: Record<string, ColumnConfig> = {};
  for (const [name, column] of Object.entries(own)) {
    if (!isFeature(column)) columns[name] = column;
    else if (!(name in teacher)) {
      const kind = column.kind === "numeric" ? "numeric" : "categorical";
      if (column.kind !== "multi") columns[name] = { role: "extra", kind, missing: "keep" };
    }
  }
  for (const [name, column] of Object.entries(teacher)) if (isFeature(column)) columns[name] = column;
  return columns;
}

/**
 * Opens the data of a configuration as a teacher sees them: encoded with its encoding.
 *
 * @throws {DataError} a column of the teacher's is missing or described in another way.
 */
export async function openScoringData({ config, folder }: ResolvedConfig, teacher: OpenedTeacher): Promise<Dataset> {
  assertSameSchema("twinstill score", schemaOf(config.data.columns), schemaOf(teacher.config.data.columns));
  const data = {
    ...config.data,
    columns: scoringColumns(config.data.columns, teacher.config.data.columns),
    labels: {},
    implies: {},
    pairs: {},
  };
  return openDataset(data, { baseDir: folder, encoding: teacher.encoding, pairs: teacher.pairs });
}
