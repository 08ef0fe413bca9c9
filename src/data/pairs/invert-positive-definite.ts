// Four rows at a time: n^3 / 2 products with four sums in flight, and a quarter of the passes over a matrix that no
// cache holds. 1,700 rows take some seconds.

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

/** A = L L', L into the lower triangle: L_ij = (A_ij - sum_k<j L_ik L_jk) / L_jj. */
function factorise(a: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    const row = a.subarray(i * n, i * n + n);
    let j = 0;
    for (; j + 4 <= i; j += 4) {
      const [b0, b1, b2, b3] = [j * n, (j + 1) * n, (j + 2) * n, (j + 3) * n];
      let [s0, s1, s2, s3] = [row[j]!, row[j + 1]!, row[j + 2]!, row[j + 3]!];
      for (let k = 0; k < j; k++) {
        const value = row[k]!;
        s0 -= value * a[b0 + k]!;
        s1 -= value * a[b1 + k]!;
        s2 -= value * a[b2 + k]!;
        s3 -= value * a[b3 + k]!;
      }
      const x0 = s0 / a[b0 + j]!;
      const x1 = (s1 - x0 * a[b1 + j]!) / a[b1 + j + 1]!;
      const x2 = (s2 - x0 * a[b2 + j]! - x1 * a[b2 + j + 1]!) / a[b2 + j + 2]!;
      const x3 = (s3 - x0 * a[b3 + j]! - x1 * a[b3 + j + 1]! - x2 * a[b3 + j + 2]!) / a[b3 + j + 3]!;
      row[j] = x0;
      row[j + 1] = x1;
      row[j + 2] = x2;
      row[j + 3] = x3;
    }
    for (; j <= i; j++) {
      let sum = row[j]!;
      for (let k = 0, other = j * n; k < j; k++) sum -= row[k]! * a[other + k]!;
      row[j] = i === j ? Math.sqrt(sum) : sum / a[j * n + j]!;
    }
  }
}

/** L to its inverse M, row by row: M_i = (e_i - sum_k<i L_ik M_k) / L_ii. */
function invertFactor(a: Float64Array, n: number): void {
  const row = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    row.fill(0, 0, i);
    const factors = a.subarray(i * n, i * n + i);
    let k = 0;
    for (; k + 4 <= i; k += 4) {
      const [f0, f1, f2, f3] = [factors[k]!, factors[k + 1]!, factors[k + 2]!, factors[k + 3]!];
      const [b0, b1, b2, b3] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n];
      // Right of the diagonal there is still the upper triangle of the matrix.
      for (let j = 0; j <= k; j++) row[j]! -= f0 * a[b0 + j]! + f1 * a[b1 + j]! + f2 * a[b2 + j]! + f3 * a[b3 + j]!;
      row[k + 1]! -= f1 * a[b1 + k + 1]! + f2 * a[b2 + k + 1]! + f3 * a[b3 + k + 1]!;
      row[k + 2]! -= f2 * a[b2 + k + 2]! + f3 * a[b3 + k + 2]!;
      row[k + 3]! -= f3 * a[b3 + k + 3]!;
    }
    for (; k < i; k++) for (let j = 0; j <= k; j++) row[j]! -= factors[k]! * a[k * n + j]!;
    const scale = 1 / a[i * n + i]!;
    for (let j = 0; j < i; j++) a[i * n + j] = row[j]! * scale;
    a[i * n + i] = scale;
  }
}

/** M to M'M: its lower triangle grows by four rows of M at a time, then is mirrored. */
function multiplyTransposed(a: Float64Array, n: number): void {
  const rows = Array.from({ length: 4 }, () => new Float64Array(n));
  const [r0, r1, r2, r3] = rows as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let k = 0; k < n; k += 4) {
    const end = Math.min(k + 4, n);
    for (const [at, row] of rows.entries()) {
      row.fill(0);
      if (k + at >= n) continue;
      const own = a.subarray((k + at) * n, (k + at) * n + k + at + 1);
      row.set(own);
      own.fill(0);
    }
    for (let i = 0; i < end; i++) {
      const [f0, f1, f2, f3] = [r0[i]!, r1[i]!, r2[i]!, r3[i]!];
      for (let j = 0, at = i * n; j <= i; j++) a[at + j]! += f0 * r0[j]! + f1 * r1[j]! + f2 * r2[j]! + f3 * r3[j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) a[i * n + j] = a[j * n + i]!;
}
