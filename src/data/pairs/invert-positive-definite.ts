// n^3 / 2 products, each pass over contiguous rows: 1,700 rows take some seconds.

/**
 * Inverts a symmetric positive definite matrix in place, by its Cholesky factor L: inv(A) = inv(L)' inv(L).
 *
 * @param matrix - [n, n] by rows.
 */
export function invertPositiveDefinite(matrix: Float64Array, n: number): void {
  factorise(matrix, n);
  invertFactor(matrix, n);
  multiplyTransposed(matrix, n);
}

/** A = L L', L into the lower triangle. */
function factorise(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0, at = i * n, other = j * n; k < j; k++) sum -= a[at + k]! * a[other + k]!;
      a[i * n + j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j]!;
    }
  }
}

/** L to its inverse M, row by row: M_i = (e_i - sum_k<i L_ik M_k) / L_ii. */
function invertFactor(a: Float64Array, n: number): void {
  const row = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    row.fill(0, 0, i);
    for (let k = 0; k < i; k++) {
      const factor = a[i * n + k]!;
      if (factor === 0) continue;
      for (let j = 0, other = k * n; j <= k; j++) row[j]! -= factor * a[other + j]!;
    }
    const scale = 1 / a[i * n + i]!;
    for (let j = 0; j < i; j++) a[i * n + j] = row[j]! * scale;
    a[i * n + i] = scale;
  }
}

/** M to M'M: its lower triangle grows row by row, then is mirrored. */
function multiplyTransposed(a: Float64Array, n: number): void {
  for (let k = 0; k < n; k++) {
    const row = a.slice(k * n, k * n + k + 1);
    a.fill(0, k * n, k * n + k + 1);
    for (let i = 0; i <= k; i++) {
      const factor = row[i]!;
      for (let j = 0, at = i * n; j <= i; j++) a[at + j]! += factor * row[j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i]!;
}
