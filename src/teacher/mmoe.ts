// B = rows, D = input width, E = experts, H = expert width, T = tasks
import * as tf from "@tensorflow/tfjs";
import { glorotUniform, zeros } from "../engine/initialisers.ts";
import { lookup } from "../engine/lookup.ts";
import type { Noise } from "../engine/noise.ts";
import type { DenseParameter, TableParameter, Values } from "../engine/parameters.ts";
import type { TensorBatch } from "../engine/step.ts";
import { ConfigError } from "../errors.ts";
import { broadcastTogether } from "../nn/broadcast.ts";
import { applyDense, type DenseLayer, denseLayer, type ParameterScope, subscope } from "../nn/dense.ts";
import { dropout } from "../nn/dropout.ts";
import {
  type Encoder,
  type EncoderOptions,
  embeddingWidth,
  encodedWidth,
  encodeEach,
  encoder,
  type Feature,
} from "../nn/features.ts";
import { applyMlp, type Mlp, mlp } from "../nn/mlp.ts";
import { type AffineOfInput, affineOfLists } from "./list-input.ts";

/** An element-wise product of two features' embeddings, fed in beside them. */
export interface ProductFeature {
  readonly left: string;
  readonly right: string;
  /** The product is multiplied by this, since products of small first values are tiny. */
  readonly scale: number;
}

export interface MmoeConfig extends EncoderOptions {
  readonly features: readonly Feature[];
  readonly products: readonly ProductFeature[];
  /** Features of ids with a learned number each on the CTR logit: what crosses memorise (wide part). Default: none. */
  readonly wide?: readonly string[];
  readonly experts: { readonly count: number; readonly units: readonly number[] };
  /** Hidden widths of each task tower; a last layer of width 1 follows. */
  readonly towerUnits: readonly number[];
  /** Share of the encoded input that training drops. */
  readonly inputDropout: number;
}

/** Layer l of all experts at once: kernel [E, in, out], bias [E, 1, out]; the first has kernel [D, E * out]. */
interface ExpertLayer {
  readonly kernel: DenseParameter;
  readonly bias: DenseParameter;
  readonly [name: string]: DenseParameter;
}

export interface MmoeParameters {
  readonly tables: Encoder;
  readonly experts: readonly ExpertLayer[];
  readonly gates: DenseLayer;
  readonly towers: { readonly ctr: Mlp; readonly cvr: Mlp };
  /** One number an id, by feature. */
  readonly wide: Encoder;
  readonly [name: string]: Encoder | readonly ExpertLayer[] | DenseLayer | { readonly ctr: Mlp; readonly cvr: Mlp };
}

/** Logits [B] (or the leading shape of the batch) of the three heads, and the gates' weights [B, T, E]. */
export interface MmoeOutputs {
  readonly ctr: tf.Tensor;
  readonly cvr: tf.Tensor;
  /** Logit of p_CTR * p_CVR. */
  readonly ctcvr: tf.Tensor;
  readonly gates: tf.Tensor;
  /** Each task's mixture of the experts [.., H], before its tower: the layers that a student can be taught by. */
  readonly mixed: { readonly ctr: tf.Tensor; readonly cvr: tf.Tensor };
}

export interface Mmoe {
  readonly parameters: MmoeParameters;
  readonly forward: (values: Values<MmoeParameters>, batch: TensorBatch, noise?: Noise) => MmoeOutputs;
}

const TASKS = 2;
/** First values of the wide part: near zero, so that it begins as nothing. */
const WIDE_DEVIATION = 1e-4;

/**
 * Multi-gate mixture of experts with a CTR and a CVR tower; CTCVR is their product (entire-space model).
 *
 *     f_k = sum_i softmax(x W_k)_i  expert_i(x),   z_k = tower_k(f_k),   p_CTCVR = sigmoid(z_CTR) sigmoid(z_CVR)
 *
 * Source: Ma et al. (KDD 2018), section 4.2; Ma et al. (SIGIR 2018, arXiv:1804.07931) for the product.
 *
 * @throws {ConfigError} no expert, or a product of features that are missing or differ in width.
 */
export function mmoe(scope: ParameterScope, config: MmoeConfig): Mmoe {
  const { features, experts } = config;
  if (!(experts.count >= 1 && experts.units.length >= 1)) {
    throw new ConfigError(
      `mmoe: experts must have count >= 1 and at least one layer, got ${experts.count} and [${experts.units}]`,
    );
  }
  const productWidths = config.products.map((product) => productWidth(product, config));
  const inputs = encodedWidth(features, config) + productWidths.reduce((sum, width) => sum + width, 0);
  const width = experts.units.at(-1)!;
  const parameters: MmoeParameters = {
    tables: encoder(scope, features, config),
    experts: expertLayers(subscope(scope, "experts"), inputs, experts.count, experts.units),
    gates: denseLayer(subscope(scope, "gates"), inputs, TASKS * experts.count),
    towers: {
      ctr: mlp(subscope(scope, "towers/ctr"), width, [...config.towerUnits, 1]),
      cvr: mlp(subscope(scope, "towers/cvr"), width, [...config.towerUnits, 1]),
    },
    wide: wideTables(scope, config),
  };
  return { parameters, forward: (values, batch, noise) => forward(config, scope.name, values, batch, noise) };
}

function productWidth({ left, right }: ProductFeature, config: MmoeConfig): number {
  const [a, b] = [left, right].map((name) =>
    config.features.find((feature) => feature.name === name && feature.kind === "ids"),
  );
  if (a === undefined || b === undefined || embeddingWidth(a, config) !== embeddingWidth(b, config)) {
    throw new ConfigError(
      `mmoe: products must name two features of ids with one embedding width, got "${left}" and "${right}"`,
    );
  }
  return embeddingWidth(a, config);
}

function wideTables({ name, group, seed }: ParameterScope, config: MmoeConfig): Encoder {
  const tables = (config.wide ?? []).map((feature): [string, TableParameter] => {
    const { vocabularySize: rows } = featureOf(config, feature);
    const initialiser = { kind: "normal" as const, deviation: WIDE_DEVIATION, seed };
    return [
      feature,
      {
        kind: "table",
        name: `${name}/wide/${feature}`,
        rows,
        width: 1,
        initialiser,
        group,
        update: config.tableUpdate ?? "rows",
      },
    ];
  });
  return Object.fromEntries(tables);
}

function featureOf(config: MmoeConfig, name: string): Feature {
  const feature = config.features.find((candidate) => candidate.name === name && candidate.kind === "ids");
  if (feature === undefined) throw new ConfigError(`mmoe: wide must name features of ids, got "${name}"`);
  return feature;
}

/** [B] or [B, N] the number of each id. */
function wideLogit(table: Values<TableParameter>, batch: TensorBatch, { key }: Feature): tf.Tensor {
  return tf.squeeze(lookup(table, batch[key]!), [-1]);
}

function expertLayers(
  { name, group, seed }: ParameterScope,
  inputs: number,
  count: number,
  units: readonly number[],
): readonly ExpertLayer[] {
  return units.map((outputs, layer) => {
    const fanIn = layer === 0 ? inputs : units[layer - 1]!;
    const shape = layer === 0 ? [inputs, count * outputs] : [count, fanIn, outputs];
    const biasShape = layer === 0 ? [count * outputs] : [count, 1, outputs];
    return {
      kernel: {
        kind: "dense",
        name: `${name}/${layer}/kernel`,
        shape,
        initialiser: glorotUniform(fanIn, outputs, seed),
        group,
      },
      bias: { kind: "dense", name: `${name}/${layer}/bias`, shape: biasShape, initialiser: zeros, group },
    };
  });
}

function forward(
  config: MmoeConfig,
  name: string,
  values: Values<MmoeParameters>,
  batch: TensorBatch,
  noise: Noise | undefined,
): MmoeOutputs {
  const { leading, affine } = modelInput(config, name, encodeEach(values.tables, config.features, batch), noise);
  const experts_BEH = applyExperts(values.experts, affine, config.experts.count);
  const gates_BTE = tf.softmax(tf.reshape(affine(values.gates), [-1, TASKS, config.experts.count]));
  const mixed_BTH = tf.matMul(gates_BTE, experts_BEH);
  const [ctrMixed, cvrMixed] = tf.unstack(mixed_BTH, 1) as [tf.Tensor, tf.Tensor];
  const ctr = tf.reshape(applyMlp(values.towers.ctr, ctrMixed), [...leading]);
  const cvr = tf.reshape(applyMlp(values.towers.cvr, cvrMixed), [...leading]);
  const wide = Object.keys(values.wide).map((name) => wideLogit(values.wide[name]!, batch, featureOf(config, name)));
  const click = wide.reduce((sum, logit) => tf.add(sum, logit), ctr);
  const inShape = (mixed: tf.Tensor): tf.Tensor => tf.reshape(mixed, [...leading, mixed.shape.at(-1)!]);
  const mixed = { ctr: inShape(ctrMixed), cvr: inShape(cvrMixed) };
  return { ctr: click, cvr, ctcvr: productLogit(click, cvr), gates: gates_BTE, mixed };
}

/** Affine layers over the features and their products, and the shape of the rows: [B] or [B, N]. */
function modelInput(
  config: MmoeConfig,
  name: string,
  features: readonly tf.Tensor[],
  noise: Noise | undefined,
): { readonly leading: readonly number[]; readonly affine: AffineOfInput } {
  const isDropped = noise !== undefined && config.inputDropout > 0;
  const ranks = new Set(features.map((x) => x.rank));
  // Dropout hides other parts of the user for each candidate, so that there is nothing to share.
  const byLists = !isDropped && ranks.has(2) && ranks.has(3);
  const encoded = byLists ? features : broadcastTogether(features);
  const byName = new Map(config.features.map((feature, i) => [feature.name, encoded[i]!]));
  const products = config.products.map(({ left, right, scale }) =>
    tf.mul(product(byName.get(left)!, byName.get(right)!), scale),
  );
  const parts = [...encoded, ...products];
  const leading = parts.find((x) => x.rank === Math.max(...ranks))!.shape.slice(0, -1);
  if (byLists) return { leading, affine: affineOfLists(parts) };
  const flat = parts.map((x) => tf.reshape(x, [-1, x.shape.at(-1)!]));
  const x_BD = dropout(tf.concat(flat, 1), config.inputDropout, `${name}/input`, noise);
  return { leading, affine: (layer) => applyDense(layer, x_BD) };
}

/** [B, d] or [B, N, d], where a vector of a list meets those of its candidates. */
function product(left: tf.Tensor, right: tf.Tensor): tf.Tensor {
  const shaped = [left, right].map((x) => (x.rank < Math.max(left.rank, right.rank) ? tf.expandDims(x, 1) : x));
  return tf.mul(shaped[0]!, shaped[1]!);
}

/** Each expert by itself: TensorFlow fuses its products with bias and relu, and nothing is transposed. */
function applyExperts(layers: Values<readonly ExpertLayer[]>, affine: AffineOfInput, count: number): tf.Tensor {
  const [first, ...rest] = layers.map((layer, depth) => layersOfExperts(layer, depth, count));
  const outputs_BH = first!.map((layer, expert) => {
    const h_BH = tf.relu(affine(layer));
    return rest.reduce((h, ofExperts) => tf.relu(applyDense(ofExperts[expert]!, h)), h_BH);
  });
  return tf.stack(outputs_BH, 1);
}

function layersOfExperts({ kernel, bias }: Values<ExpertLayer>, depth: number, count: number): Values<DenseLayer>[] {
  const kernels = depth === 0 ? tf.split(kernel!, count, 1) : tf.unstack(kernel!);
  const biases = depth === 0 ? tf.split(bias!, count) : tf.unstack(tf.squeeze(bias!, [1]));
  return kernels.map((own, expert) => ({ kernel: own, bias: biases[expert]! }));
}

/**
 * Logit of sigmoid(a) * sigmoid(b), exact in log space: -log(e^-a + e^-b + e^-(a+b)).
 */
export function productLogit(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const terms = tf.stack([tf.neg(a), tf.neg(b), tf.neg(tf.add(a, b))], -1);
  return tf.neg(tf.logSumExp(terms, -1));
}
