import type { RandomStream } from "../random.ts";

/** [length] standard normal values. */
export function normals(stream: RandomStream, length: number): Float32Array {
  return Float32Array.from({ length }, () => stream.normal());
}

/** [length] whole numbers in [0, bound). */
export function integers(stream: RandomStream, length: number, bound: number): Int32Array {
  return Int32Array.from({ length }, () => stream.integer(bound));
}

/** A Poisson number, by inversion of products of uniforms in pieces of mean <= 30 (Knuth, TAOCP 3.4.1 F). */
export function poisson(stream: RandomStream, mean: number): number {
  let total = 0;
  for (let left = mean; left > 0; left -= 30) {
    const limit = Math.exp(-Math.min(30, left));
    for (let product = stream.uniform(); product > limit; product *= stream.uniform()) total++;
  }
  return total;
}

/** Draws an index with probability proportional to its weight, in constant time. */
export interface WeightedDraw {
  readonly total: number;
  readonly draw: (stream: RandomStream) => number;
}

/** Alias table of the weights. Source: Walker (1977), in Vose's linear form (1991). */
export function weightedDraw(weights: ArrayLike<number>): WeightedDraw {
  const size = weights.length;
  const total = Array.prototype.reduce.call(weights, (sum, value) => (sum as number) + (value as number), 0) as number;
  const scaled = Float64Array.from(weights, (value) => (value * size) / total);
  const alias = new Int32Array(size);
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < size; i++) (scaled[i]! < 1 ? small : large).push(i);
  while (small.length > 0 && large.length > 0) {
    const [low, high] = [small.pop()!, large.at(-1)!];
    alias[low] = high;
    scaled[high]! -= 1 - scaled[low]!;
    if (scaled[high]! < 1) small.push(large.pop()!);
  }
  for (const i of [...small, ...large]) scaled[i] = 1;
  return {
    total,
    draw: (stream) => {
      const i = stream.integer(size);
      return stream.uniform() < scaled[i]! ? i : alias[i]!;
    },
  };
}

/** The `k` largest of the scores as places, best first; equal scores by lower place. */
export function topPlaces(scores: Float64Array, k: number): number[] {
  return Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, k);
}
