// The best low-rank copy of a wide two-tower: where a narrow student may start.
import { randomStream } from "../../src/random.ts";
import type { Vectors } from "./protocol.ts";

const ITERATIONS = 60;

/**
 * Vectors of `width` whose products come nearest, in squares, to the teacher's scores less each user's mean score.
 *
 * With teacher vectors U and item vectors J less their mean, the right singular vectors of U J^T are J y for the eigenvectors y
 * of (U^T U)(J^T J) under the inner product a^T (J^T J) b: block power iteration in the teacher's own width.
 *
 * Source: Eckart, Young (1936), doi:10.1007/BF02288367.
 */
export function principalVectors(teacher: Vectors, width: number): Vectors {
  const wide = teacher.width;
  const centred = withoutMean(teacher.items, wide);
  const [users, items] = [gram(teacher.users, wide), gram(centred, wide)];
  const stream = randomStream(0, "principal vectors");
  let basis: Float64Array[] = Array.from({ length: width }, () =>
    Float64Array.from({ length: wide }, () => stream.uniform() - 0.5),
  );
  for (let i = 0; i < ITERATIONS; i++)
    basis = orthonormal(
      basis.map((y) => times(users, times(items, y))),
      items,
    );
  const lefts = basis.map((y) => times(items, y));
  // |U G_J y| is the singular value; its root goes to either side.
  const roots = lefts.map((left) => inner(left, times(users, left)) ** 0.25);
  return {
    width,
    users: projected(
      teacher.users,
      lefts.map((left, k) => left.map((x) => x / roots[k]!)),
    ),
    items: projected(
      centred,
      basis.map((y, k) => y.map((x) => x * roots[k]!)),
    ),
  };
}

function withoutMean(rows: Float32Array, width: number): Float32Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) mean[i % width]! += rows[i]!;
  const count = rows.length / width;
  return rows.map((x, i) => x - mean[i % width]! / count);
}

/** [width x width] X^T X. */
function gram(rows: Float32Array, width: number): readonly Float64Array[] {
  const out = Array.from({ length: width }, () => new Float64Array(width));
  for (let from = 0; from < rows.length; from += width)
    for (let i = 0; i < width; i++) {
      const [row, x] = [out[i]!, rows[from + i]!];
      for (let j = 0; j < width; j++) row[j]! += x * rows[from + j]!;
    }
  return out;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function times(matrix: readonly Float64Array[], vector: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => inner(row, vector));
}

/** Gram-Schmidt under a^T metric b. */
function orthonormal(vectors: readonly Float64Array[], metric: readonly Float64Array[]): Float64Array[] {
  const out: Float64Array[] = [];
  for (const vector of vectors) {
    let rest = vector;
    for (const done of out) {
      const share = inner(rest, times(metric, done));
      rest = rest.map((x, i) => x - share * done[i]!);
    }
    const norm = Math.sqrt(inner(rest, times(metric, rest)));
    out.push(rest.map((x) => x / norm));
  }
  return out;
}

/** [rows, directions] each row's products with the directions. */
function projected(rows: Float32Array, directions: readonly Float64Array[]): Float32Array {
  const wide = directions[0]!.length;
  const count = rows.length / wide;
  const out = new Float32Array(count * directions.length);
  for (let row = 0; row < count; row++) {
    const own = Float64Array.from(rows.subarray(row * wide, (row + 1) * wide));
    for (const [k, direction] of directions.entries()) out[row * directions.length + k] = inner(own, direction);
  }
  return out;
}
