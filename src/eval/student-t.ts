// Student's t distribution through the regularised incomplete beta function.

const TINY = 1e-300;
const PRECISION = 1e-16;
const MAX_TERMS = 10_000;

/**
 * Two-sided tail of Student's t: P(|T| >= |t|).
 *
 * @param t - any number. @param degrees - degrees of freedom, > 0.
 * @returns [0, 1], small values to full relative precision.
 * Source: Abramowitz and Stegun (1964), 26.7.1 with 26.5.27.
 */
export function studentTTail(t: number, degrees: number): number {
  return incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5, (t * t) / (degrees + t * t));
}

/**
 * The t with P(|T| >= t) = tail: half the width of an interval of level 1 - tail, in standard errors.
 *
 * @param tail - (0, 1). @param degrees - degrees of freedom, > 0.
 */
export function studentTQuantile(tail: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (studentTTail(high, degrees) > tail) high *= 2;
  for (let i = 0; i < 200 && low < high; i++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (studentTTail(middle, degrees) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** I_x(a, b); `rest` is 1 - x, given apart so that x near 1 loses nothing. Same source, 26.5.8. */
function incompleteBeta(x: number, a: number, b: number, rest: number): number {
  if (x <= 0) return 0;
  if (rest <= 0) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(rest));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(rest, b, a)) / b;
}

/** The continued fraction of I_x(a, b), by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= MAX_TERMS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return result;
}

/** Keeps a divisor of Lentz's method off zero. */
function away(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** log Gamma(x), x > 0: Stirling's series (A&S 6.1.41) after moving x past 15 by the recurrence. */
function logGamma(x: number): number {
  let shifted = x;
  let product = 1;
  for (; shifted < 15; shifted++) product *= shifted;
  const square = 1 / (shifted * shifted);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / shifted;
  return (shifted - 0.5) * Math.log(shifted) - shifted + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
