import { expect, it } from "vitest";
import { invertPositiveDefinite } from "../../src/data/pairs/invert-positive-definite.ts";
import { randomStream } from "../../src/random.ts";

/** X'X + I of random X. */
function positiveDefinite(n: number): Float64Array {
  const stream = randomStream(1, "inverse", n);
  const x = Float64Array.from({ length: n * n }, () => stream.uniform() - 0.5);
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    let sum = i === j ? 1 : 0;
    for (let k = 0; k < n; k++) sum += x[k * n + i]! * x[k * n + j]!;
    return sum;
  });
}

it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 34])("inverts %i rows, whole blocks of four and the rest", (n) => {
  const matrix = positiveDefinite(n);
  const inverse = matrix.slice();
  invertPositiveDefinite(inverse, n);
  let worst = 0;
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) {
      let product = 0;
      for (let k = 0; k < n; k++) product += matrix[i * n + k]! * inverse[k * n + j]!;
      worst = Math.max(
        worst,
        Math.abs(product - (i === j ? 1 : 0)),
        Math.abs(inverse[i * n + j]! - inverse[j * n + i]!),
      );
    }
  expect(worst).toBeLessThan(1e-12);
});
