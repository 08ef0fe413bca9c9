import { type ColumnConfig, type FeatureColumnConfig, hasVocabulary, isFeature } from "./column-config.ts";
import type { FeatureSpec } from "./dataset.ts";
import { type DataEncoding, vocabularySize } from "./encoding.ts";

type Columns = Readonly<Record<string, ColumnConfig>>;

/** The columns that models read, in the config's order. */
export function featureColumns(columns: Columns): readonly (readonly [string, FeatureColumnConfig])[] {
  return Object.entries(columns).filter((entry): entry is [string, FeatureColumnConfig] => isFeature(entry[1]));
}

/** The features that columns with this encoding give: what models are built on, without any data. */
export function featureSpecs(columns: Columns, encoding: DataEncoding): readonly FeatureSpec[] {
  return featureColumns(columns).map(([name, column]) => ({
    name,
    role: column.role,
    kind: featureKind(column),
    vocabularySize: vocabularySize(encoding, name),
    width: column.kind === "multi" ? column.maxLength : 1,
    ...(hasVocabulary(column) && column.shareWith !== undefined && { shareWith: column.shareWith }),
  }));
}

function featureKind(column: FeatureColumnConfig): FeatureSpec["kind"] {
  if (column.kind === "multi") return "multi";
  return column.kind === "numeric" && column.buckets === undefined ? "numbers" : "ids";
}
