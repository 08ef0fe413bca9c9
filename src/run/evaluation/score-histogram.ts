/** How often logits fall into bins of one width. */
export interface Histogram {
  /** Left edge of the first bin, and the bins' width. */
  readonly from: number;
  readonly width: number;
  /** Share of the values in each bin; they add up to 1. */
  readonly shares: readonly number[];
  readonly mean: number;
  readonly deviation: number;
}

const BINS = 40;

/** Histogram of finite values over their range. */
export function scoreHistogram(values: Float32Array): Histogram {
  let [low, high, sum] = [Infinity, -Infinity, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  const width = (high - low) / BINS || 1;
  const counts = new Array<number>(BINS).fill(0);
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) {
    counts[Math.min(BINS - 1, Math.floor((value - low) / width))]! += 1;
    squares += (value - mean) ** 2;
  }
  return {
    from: low,
    width,
    shares: counts.map((count) => count / values.length),
    mean,
    deviation: Math.sqrt(squares / values.length),
  };
}
