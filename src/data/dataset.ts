import type { DataReport } from "./data-report.ts";
import type { EncodedColumn } from "./encode-column.ts";
import type { DataEncoding } from "./encoding.ts";
import type { Interactions } from "./interactions.ts";
import type { PairTable } from "./pairs/pair-table.ts";
import type { RowGroups } from "./row-groups.ts";
import type { StoredScores } from "./stored-scores.ts";

/** A feature that models read. */
export interface FeatureSpec {
  /** The column's name. */
  readonly name: string;
  readonly role: "user" | "item" | "context" | "cross";
  /** One id, one number, or several ids padded with 0. */
  readonly kind: "ids" | "numbers" | "multi";
  /** Rows of its table: 0 is padding, 1 is out of vocabulary, values from 2. 0 for numbers. */
  readonly vocabularySize: number;
  /** Values a row: 1, or the most ids of a multi feature. */
  readonly width: number;
  /** The column whose vocabulary and table it uses. */
  readonly shareWith?: string;
}

/** The users or the items of a dataset, numbered from 0 in the order of their first rows. */
export interface EntityTable {
  readonly size: number;
  /** The features of this role, from each entity's first row: [size * width]. */
  readonly features: ReadonlyMap<string, EncodedColumn>;
  /** [rows] the entity of each row. */
  readonly rowEntity: Int32Array;
  /** [size] training rows of each entity. */
  readonly trainCount: Int32Array;
}

/** The users or the items with the ids that the files give them. */
export interface Catalogue extends EntityTable {
  /** [size] ids as text; integers in decimal. */
  readonly ids: readonly string[];
}

/** What batches are made from; all arrays lie in shared memory. */
export interface BatchData {
  readonly features: readonly FeatureSpec[];
  readonly rows: number;
  /** [rows * width] by feature of role user, item or context. */
  readonly columns: ReadonlyMap<string, EncodedColumn>;
  /** [rows], 0 or 1, by label. */
  readonly labels: ReadonlyMap<string, Float32Array>;
  /** [rows], >= 0. */
  readonly weight?: Float32Array;
  /** [rows] number of the row's list or request, from 0. */
  readonly group?: Int32Array;
  /** [rows] by column of role teacher-score. */
  readonly teacherScores: ReadonlyMap<string, Float32Array>;
  /** Scores of a store that were joined to these data. */
  readonly stored?: StoredScores;
  readonly users: EntityTable;
  readonly items: EntityTable;
  /** Items of each user's training and history rows. */
  readonly trainItems: Interactions;
  /** What the features of role cross are read from (pairs/pair-reader.ts). */
  readonly pairs: ReadonlyMap<string, PairTable>;
  /** [rows] 1 for training rows. */
  readonly isTrainRow: Uint8Array;
}

/** Row numbers of each part, in file order, or in time order where the split is by time. */
export interface DatasetParts {
  readonly train: Int32Array;
  readonly validation?: Int32Array;
  readonly test?: Int32Array;
  /** Rows from before the training rows: their values are in vocabularies and catalogues, their items are known. */
  readonly history?: Int32Array;
}

/** One file that rows come from. */
export interface SourceRows {
  readonly path: string;
  /** Path relative to the config's folder. */
  readonly name: string;
  /** Row of the source at which the file begins; the source's rows are those of all files in order. */
  readonly start: number;
  readonly rows: number;
}

/** Files, encoded. Rows that no part holds are left out (and counted in the report). */
export interface Dataset extends BatchData {
  readonly parts: DatasetParts;
  readonly users: Catalogue;
  readonly items: Catalogue;
  /** [rows] by column of role label, time, or extra (numeric), unencoded; NaN where a kept value is missing. */
  readonly numbers: ReadonlyMap<string, Float64Array>;
  /** The files, and [rows] the row of the source that each row is. */
  readonly source: { readonly files: readonly SourceRows[]; readonly rows: Int32Array };
  /** What was learnt to encode the features: plain JSON, for openDataset on later data. */
  readonly encoding: DataEncoding;
  /** xxHash64 of features, encoded columns, labels, weights, parts and ids, as 16 hexadecimal digits. */
  readonly fingerprint: string;
  readonly report: DataReport;
  /** Groups of rows by name, where openDataset was asked for some; they change neither batches nor the fingerprint. */
  readonly groups?: ReadonlyMap<string, RowGroups>;
}
