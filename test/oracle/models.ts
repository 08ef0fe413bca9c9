// Float64 models on plain arrays, written from the formulas; rows are arrays, kernels are arrays of input rows.
export type Vector = readonly number[];
export type Matrix = readonly Vector[];

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const affine = (x: Vector, kernel: Matrix, bias: Vector): number[] =>
  bias.map((b, j) => x.reduce((sum, value, i) => sum + value * kernel[i]![j]!, b));
export const relu = (x: Vector): number[] => x.map((value) => Math.max(0, value));

export function softmax(x: Vector): number[] {
  const top = Math.max(...x);
  const exps = x.map((value) => Math.exp(value - top));
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((value) => value / total);
}

export function mlp(x: Vector, layers: readonly { readonly kernel: Matrix; readonly bias: Vector }[]): number[] {
  return layers.reduce<number[]>(
    (h, { kernel, bias }, i) => {
      const y = affine(h, kernel, bias);
      return i < layers.length - 1 ? relu(y) : y;
    },
    [...x],
  );
}

/** Row-major values of a shape as nested arrays. */
export function matrixOf(values: ArrayLike<number>, columns: number): number[][] {
  const rows = values.length / columns;
  return Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => values[i * columns + j]!));
}

/** Logit of a probability. */
export const logit = (p: number): number => Math.log(p) - Math.log(1 - p);
