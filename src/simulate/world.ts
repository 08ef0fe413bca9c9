// U = users, I = items, C = categories, P = price levels, S = segments, L = hidden taste dimensions
import { type RandomStream, randomStream } from "../random.ts";
import type { CascadeConfig } from "./cascade-config.ts";
import { integers, normals, poisson, weightedDraw } from "./draw.ts";

/** Hidden taste dimensions: only ids can learn them. */
export const TASTES = 4;
/** Levels of an item's observed attractiveness and quality. */
export const BUCKETS = 8;

/** Everything that is true of the simulated users and items; models see only what `write-cascade.ts` writes. */
export interface World {
  readonly config: CascadeConfig;
  readonly users: {
    readonly age: Int32Array;
    readonly city: Int32Array;
    readonly power: Int32Array;
    /** [U] age * cities + city. */
    readonly segment: Int32Array;
    /** [U * C] how well each category fits. */
    readonly match: Float32Array;
    /** [U * C] earlier actions a category: the observed view of `match`. */
    readonly history: Float32Array;
    /** [U * L] */
    readonly taste: Float32Array;
    /** [U] > 0 */
    readonly activity: Float32Array;
  };
  readonly items: {
    readonly category: Int32Array;
    readonly price: Int32Array;
    readonly attractiveness: Float32Array;
    readonly quality: Float32Array;
    /** [I] sums to 1. */
    readonly popularity: Float32Array;
    readonly taste: Float32Array;
    /** [I] in [0, BUCKETS): noisy views of attractiveness and quality. */
    readonly attractivenessBucket: Int32Array;
    readonly qualityBucket: Int32Array;
    /** [I] 1 for items that are never shown. */
    readonly cold: Uint8Array;
  };
  /** [S * C * P] on the CTR logit. */
  readonly crossCtr: Float32Array;
  /** [S * C] on the CVR logit. */
  readonly crossCvr: Float32Array;
}

/** Draws a world. Every array has a stream of its own, so that a size changes no other array's draws. */
export function createWorld(config: CascadeConfig): World {
  const { users: U, items: I, categories: C, prices: P, ages, cities, seed } = config;
  const stream = (name: string): RandomStream => randomStream(seed, "cascade", name);
  const age = integers(stream("age"), U, ages);
  const city = integers(stream("city"), U, cities);
  const segment = age.map((value, u) => value * cities + city[u]!);
  const match = userMatch(config, segment, stream);
  const attractiveness = normals(stream("attractiveness"), I);
  const qualityNoise = normals(stream("quality"), I);
  // Clickbait: quality falls with attractiveness, correlation -0.5.
  const quality = attractiveness.map((value, i) => -0.5 * value + Math.sqrt(0.75) * qualityNoise[i]!);
  const coldStream = stream("cold");
  return {
    config,
    users: {
      age,
      city,
      power: integers(stream("power"), U, P),
      segment,
      match,
      history: userHistory(config, match, stream("history")),
      taste: normals(stream("user taste"), U * TASTES),
      activity: normals(stream("activity"), U).map((value) => Math.exp(0.7 * value)),
    },
    items: {
      category: itemCategories(C, I, stream("category")),
      price: integers(stream("price"), I, P),
      attractiveness,
      quality,
      popularity: popularities(attractiveness, stream("popularity")),
      taste: normals(stream("item taste"), I * TASTES),
      attractivenessBucket: buckets(attractiveness, stream("attractiveness bucket")),
      qualityBucket: buckets(quality, stream("quality bucket")),
      cold: Uint8Array.from({ length: I }, () => (coldStream.uniform() < config.coldShare ? 1 : 0)),
    },
    crossCtr: normals(stream("cross ctr"), ages * cities * C * P),
    crossCvr: normals(stream("cross cvr"), ages * cities * C),
  };
}

/** 0.6 of the segment's taste for a category and 0.8 of the user's own: unit variance. */
function userMatch(
  { users: U, categories: C, ages, cities }: CascadeConfig,
  segment: Int32Array,
  stream: (name: string) => RandomStream,
): Float32Array {
  const ofSegment = normals(stream("segment match"), ages * cities * C);
  const own = normals(stream("match"), U * C);
  return own.map((value, i) => 0.6 * ofSegment[segment[Math.floor(i / C)]! * C + (i % C)]! + 0.8 * value);
}

/** Poisson counts whose means follow softmax(1.3 match). */
function userHistory(
  { users: U, categories: C, historySize }: CascadeConfig,
  match: Float32Array,
  stream: RandomStream,
): Float32Array {
  const history = new Float32Array(U * C);
  for (let u = 0; u < U; u++) {
    const weights = Array.from(match.subarray(u * C, (u + 1) * C), (value) => Math.exp(1.3 * value));
    const total = weights.reduce((sum, value) => sum + value, 0);
    for (let c = 0; c < C; c++) history[u * C + c] = poisson(stream, (historySize * weights[c]!) / total);
  }
  return history;
}

function itemCategories(categories: number, items: number, stream: RandomStream): Int32Array {
  const draw = weightedDraw(Array.from({ length: categories }, (_, c) => (c + 1) ** -0.5));
  return Int32Array.from({ length: items }, () => draw.draw(stream));
}

/** rank^-0.9 in the order of 0.6 attractiveness + 0.8 noise, normalised. */
function popularities(attractiveness: Float32Array, stream: RandomStream): Float32Array {
  const items = attractiveness.length;
  const appeal = Float64Array.from(attractiveness, (value) => 0.6 * value + 0.8 * stream.normal());
  const order = Array.from(appeal.keys()).sort((a, b) => appeal[b]! - appeal[a]! || a - b);
  const total = order.reduce((sum, _, rank) => sum + (rank + 1) ** -0.9, 0);
  const popularity = new Float32Array(items);
  for (const [rank, item] of order.entries()) popularity[item] = (rank + 1) ** -0.9 / total;
  return popularity;
}

function buckets(values: Float32Array, stream: RandomStream): Int32Array {
  return Int32Array.from(values, (value) =>
    Math.min(BUCKETS - 1, Math.max(0, Math.floor(2 * (value + 0.6 * stream.normal()) + BUCKETS / 2))),
  );
}
