import * as tf from "@tensorflow/tfjs";
import { lookup } from "../engine/lookup.ts";
import type { TableParameter, Values } from "../engine/parameters.ts";
import type { TensorBatch } from "../engine/step.ts";
import { ConfigError } from "../errors.ts";
import type { ParameterScope } from "./dense.ts";

/** One input column of a model. */
export interface Feature {
  /** Name in the schema. */
  readonly name: string;
  /** Name of its array in a batch: `user/age`. */
  readonly key: string;
  /** `ids` [.., ], `multi` [.., L] (0 pads), `numbers` [.., width]. */
  readonly kind: "ids" | "multi" | "numbers";
  /** Rows of its table (ids, multi): padding 0 and out-of-vocabulary 1 included. */
  readonly vocabularySize: number;
  /** Numbers a row (numbers). */
  readonly width: number;
  /** Feature whose table it uses. */
  readonly shareWith?: string | undefined;
}

export interface EncoderOptions {
  /** Embedding width a feature; `default` for the rest. */
  readonly dimensions: Readonly<Record<string, number>> & { readonly default: number };
  /** Standard deviation of the tables' first values. */
  readonly deviation?: number;
  /** `rows` for large tables, `dense` for small ones that any optimiser may move. */
  readonly tableUpdate?: TableParameter["update"];
}

/** Tables of a model's features, by feature name. */
export type Encoder = Readonly<Record<string, TableParameter>>;

const DEFAULT_DEVIATION = 0.05;

/**
 * One embedding table a feature of ids; features that share one stand under the name of its owner.
 *
 * @throws {ConfigError} a feature shares a table with an unknown one, or with one of another width or vocabulary.
 */
export function encoder(scope: ParameterScope, features: readonly Feature[], options: EncoderOptions): Encoder {
  const { deviation = DEFAULT_DEVIATION, tableUpdate = "rows" } = options;
  const tables: Record<string, TableParameter> = {};
  for (const feature of features) {
    if (feature.kind === "numbers" || feature.shareWith !== undefined) continue;
    tables[feature.name] = {
      kind: "table",
      name: `${scope.name}/embedding/${feature.name}`,
      rows: feature.vocabularySize,
      width: embeddingWidth(feature, options),
      initialiser: { kind: "normal", deviation, seed: scope.seed },
      group: scope.group,
      update: tableUpdate,
    };
  }
  for (const feature of features) checkShared(feature, tables);
  return tables;
}

function checkShared({ name, shareWith, vocabularySize }: Feature, tables: Encoder): void {
  if (shareWith === undefined) return;
  const owner = tables[shareWith];
  if (owner === undefined || owner.rows !== vocabularySize) {
    throw new ConfigError(
      `encoder: feature "${name}" must share the table of a feature of this model with the same vocabulary, got "${shareWith}"`,
    );
  }
}

export function embeddingWidth(feature: Feature, { dimensions }: Pick<EncoderOptions, "dimensions">): number {
  return dimensions[feature.shareWith ?? feature.name] ?? dimensions.default;
}

/** Width of the encoded features side by side. */
export function encodedWidth(features: readonly Feature[], options: Pick<EncoderOptions, "dimensions">): number {
  return features.reduce(
    (sum, feature) => sum + (feature.kind === "numbers" ? feature.width : embeddingWidth(feature, options)),
    0,
  );
}

/** Each feature's vectors [.., width]: embedding, mean of the embeddings of a multi-valued one, or its numbers. */
export function encodeEach(
  tables: Values<Encoder>,
  features: readonly Feature[],
  batch: TensorBatch,
): readonly tf.Tensor[] {
  return features.map((feature) => {
    const values = batch[feature.key];
    if (values === undefined)
      throw new ConfigError(`encode: batch must hold "${feature.key}", got ${Object.keys(batch).join(", ")}`);
    if (feature.kind === "numbers")
      return feature.width === 1 && values.shape.at(-1) !== 1 ? tf.expandDims(values, -1) : values;
    const table = tables[feature.shareWith ?? feature.name]!;
    return feature.kind === "ids" ? lookup(table, values) : pooled(lookup(table, values), values);
  });
}

/** Mean over the real (non-zero) ids of the last axis; zero where there is none. */
function pooled(rows: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const real = tf.cast(tf.notEqual(ids, 0), "float32");
  const total = tf.sum(tf.mul(rows, tf.expandDims(real, -1)), -2);
  return tf.div(total, tf.maximum(tf.sum(real, -1, true), 1));
}
