import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../engine/noise.ts";
import type { ParameterTree, Values } from "../engine/parameters.ts";
import type { TensorBatch } from "../engine/step.ts";
import { broadcastTogether } from "../nn/broadcast.ts";
import { type ParameterScope, subscope } from "../nn/dense.ts";
import { dropout } from "../nn/dropout.ts";
import { type Encoder, type EncoderOptions, encodedWidth, encodeEach, encoder, type Feature } from "../nn/features.ts";
import { applyMlp, type Mlp, mlp } from "../nn/mlp.ts";

export interface MlpRankerConfig extends EncoderOptions {
  readonly features: readonly Feature[];
  /** Hidden widths; a last layer of width 1 follows. */
  readonly units: readonly number[];
  readonly inputDropout: number;
}

export interface MlpRankerParameters {
  readonly tables: Encoder;
  readonly layers: Mlp;
  readonly [name: string]: ParameterTree;
}

export interface MlpRanker {
  readonly parameters: MlpRankerParameters;
  /** @returns logits [B], or [B, N] for lists. */
  readonly forward: (values: Values<MlpRankerParameters>, batch: TensorBatch, noise?: Noise) => tf.Tensor;
}

/** A light ranker over the features side by side: the middle stage of a cascade. */
export function mlpRanker(scope: ParameterScope, config: MlpRankerConfig): MlpRanker {
  const { features, units } = config;
  const parameters: MlpRankerParameters = {
    tables: encoder(scope, features, config),
    layers: mlp(subscope(scope, "layers"), encodedWidth(features, config), [...units, 1]),
  };
  return {
    parameters,
    forward: (values, batch, noise) => {
      const encoded = broadcastTogether(encodeEach(values.tables, features, batch));
      const leading = encoded[0]!.shape.slice(0, -1);
      const flat = tf.concat(
        encoded.map((x) => tf.reshape(x, [-1, x.shape.at(-1)!])),
        1,
      );
      return tf.reshape(
        applyMlp(values.layers, dropout(flat, config.inputDropout, `${scope.name}/input`, noise)),
        leading,
      );
    },
  };
}
