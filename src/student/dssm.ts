// B = users, N = candidates a user, M = items, D = vector width
import * as tf from "@tensorflow/tfjs";
import type { Noise } from "../engine/noise.ts";
import type { DenseParameter, Values } from "../engine/parameters.ts";
import type { TensorBatch } from "../engine/step.ts";
import { type ParameterScope, subscope } from "../nn/dense.ts";
import { dropout } from "../nn/dropout.ts";
import { type Encoder, type EncoderOptions, encodedWidth, encodeEach, encoder, type Feature } from "../nn/features.ts";
import { l2Normalise } from "../nn/l2-normalise.ts";
import { applyMlp, type Mlp, mlp } from "../nn/mlp.ts";

export interface DssmConfig extends EncoderOptions {
  readonly userFeatures: readonly Feature[];
  readonly itemFeatures: readonly Feature[];
  /** Widths of each tower's layers; the last one is the width of the vectors, equal for both. */
  readonly userUnits: readonly number[];
  readonly itemUnits: readonly number[];
  readonly inputDropout: number;
  /** Vectors of length 1: the score is a cosine times the scale. */
  readonly normalise: boolean;
  /** First value of the learned factor on the dot product (1 / tower temperature). */
  readonly scale: number;
  /** First value of the learned offset of the logit. */
  readonly bias: number;
}

interface Tower {
  readonly tables: Encoder;
  readonly layers: Mlp;
  readonly [name: string]: Encoder | Mlp;
}

export interface DssmParameters {
  readonly user: Tower;
  readonly item: Tower;
  /** Natural logarithm of the scale. */
  readonly logScale: DenseParameter;
  readonly bias: DenseParameter;
  readonly [name: string]: Tower | DenseParameter;
}

/** A two-tower model: either tower runs without the other. */
export interface TwoTower<P extends DssmParameters = DssmParameters> {
  readonly parameters: P;
  /** @returns [B, D]. */
  readonly userTower: (values: Values<P>, batch: TensorBatch, noise?: Noise) => tf.Tensor;
  /** @returns [B, D], or [B, N, D] for lists of candidates. */
  readonly itemTower: (values: Values<P>, batch: TensorBatch, noise?: Noise) => tf.Tensor;
  /** Logits [B] of pairs, or [B, N] of each user with its own candidates. */
  readonly score: (values: Values<P>, users: tf.Tensor, items: tf.Tensor) => tf.Tensor;
  /** Logits [B, M] of every user with every item. */
  readonly scoreAll: (values: Values<P>, users: tf.Tensor, items: tf.Tensor) => tf.Tensor;
}

/**
 * Deep structured semantic model: two MLP towers whose vectors meet in one dot product.
 *
 *     z(u, v) = exp(logScale) <user(u), item(v)> + bias
 *
 * Source: Huang et al. (CIKM 2013), section 3; the learned scale is the inverse temperature of Yi et al. (RecSys 2019), section 3.
 */
export function dssm(scope: ParameterScope, config: DssmConfig): TwoTower {
  const scalar = (name: string, value: number): DenseParameter => ({
    kind: "dense",
    name: `${scope.name}/${name}`,
    shape: [],
    initialiser: { kind: "constant", value },
    group: scope.group,
  });
  const parameters: DssmParameters = {
    user: tower(subscope(scope, "user"), config.userFeatures, config.userUnits, config),
    item: tower(subscope(scope, "item"), config.itemFeatures, config.itemUnits, config),
    logScale: scalar("logScale", Math.log(config.scale)),
    bias: scalar("bias", config.bias),
  };
  const logits = (values: Values<DssmParameters>, dots: tf.Tensor): tf.Tensor =>
    tf.add(tf.mul(dots, tf.exp(values.logScale)), values.bias);
  return {
    parameters,
    userTower: ({ user }, batch, noise) =>
      applyTower(user, config.userFeatures, config, batch, `${scope.name}/user`, noise),
    itemTower: ({ item }, batch, noise) =>
      applyTower(item, config.itemFeatures, config, batch, `${scope.name}/item`, noise),
    score: (values, users, items) => {
      const aligned = items.rank === users.rank ? users : tf.expandDims(users, 1);
      return logits(values, tf.sum(tf.mul(aligned, items), -1));
    },
    scoreAll: (values, users, items) =>
      logits(values, tf.matMul(users as tf.Tensor2D, items as tf.Tensor2D, false, true)),
  };
}

function tower(
  scope: ParameterScope,
  features: readonly Feature[],
  units: readonly number[],
  options: EncoderOptions,
): Tower {
  return { tables: encoder(scope, features, options), layers: mlp(scope, encodedWidth(features, options), units) };
}

function applyTower(
  { tables, layers }: Values<Tower>,
  features: readonly Feature[],
  config: DssmConfig,
  batch: TensorBatch,
  site: string,
  noise: Noise | undefined,
): tf.Tensor {
  const encoded = tf.concat([...encodeEach(tables, features, batch)], -1);
  const leading = encoded.shape.slice(0, -1);
  const flat = dropout(tf.reshape(encoded, [-1, encoded.shape.at(-1)!]), config.inputDropout, site, noise);
  const vectors = applyMlp(layers, flat);
  const scaled = config.normalise ? l2Normalise(vectors) : vectors;
  return tf.reshape(scaled, [...leading, vectors.shape.at(-1)!]);
}
