/** Below this length a comparison sort beats four passes over 65,536 counters (measured: about 4,000). */
const RADIX_FROM = 4096;
const DIGITS = 65536;

/**
 * The order that sorts numbers ascending; equal numbers (0 and -0 among them) keep the order they had.
 *
 * @param values - [N] no NaN.
 * @param start - [N] an order to refine (its places decide between equal numbers); default 0 .. N-1.
 * @returns [N] places in `values`. n log n for short arrays, linear for long ones.
 */
export function ascendingOrder(values: ArrayLike<number>, start?: Int32Array): Int32Array {
  const from = start ?? Int32Array.from({ length: values.length }, (_, i) => i);
  return values.length < RADIX_FROM ? comparisonOrder(values, from) : radixOrder(values, from);
}

/** The order that sorts numbers descending; equal numbers keep the order they had. See `ascendingOrder`. */
export function descendingOrder(values: ArrayLike<number>, start?: Int32Array): Int32Array {
  return ascendingOrder(Float64Array.from(values, negate), start);
}

function negate(value: number): number {
  return -value;
}

function comparisonOrder(values: ArrayLike<number>, start: Int32Array): Int32Array {
  const places = Int32Array.from({ length: start.length }, (_, place) => place);
  places.sort((p, q) => {
    const a = values[start[p]!]!;
    const b = values[start[q]!]!;
    return a < b ? -1 : a > b ? 1 : p - q;
  });
  return places.map((place) => start[place]!);
}

function radixOrder(values: ArrayLike<number>, start: Int32Array): Int32Array {
  const digits = sortableDigits(values);
  let order = start;
  for (let digit = 0; digit < 4; digit++) order = sortedByDigit(order, digits, digit);
  return order;
}

/** [N, 4] digits of 16 bits, lowest first (little-endian hosts), that order as the numbers do. */
function sortableDigits(values: ArrayLike<number>): Uint16Array {
  const numbers = Float64Array.from(values, (value) => value + 0); // -0 + 0 = 0: one key for both zeros
  const words = new Int32Array(numbers.buffer);
  for (let low = 0; low < words.length; low += 2) {
    const flip = words[low + 1]! < 0 ? -1 : 0;
    words[low] = words[low]! ^ flip;
    words[low + 1] = words[low + 1]! ^ (flip | 0x80000000);
  }
  return new Uint16Array(numbers.buffer);
}

function sortedByDigit(order: Int32Array, digits: Uint16Array, digit: number): Int32Array {
  const next = new Uint32Array(DIGITS + 1);
  for (let i = 0; i < order.length; i++) next[digits[4 * i + digit]! + 1]!++;
  if (next[digits[digit]! + 1] === order.length) return order; // all share this digit, as low bits of float32 do
  for (let value = 0; value < DIGITS; value++) next[value + 1]! += next[value]!;
  const sorted = new Int32Array(order.length);
  for (const place of order) sorted[next[digits[4 * place + digit]!]!++] = place;
  return sorted;
}
