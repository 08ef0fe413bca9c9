/** Which way a metric improves: up, down, or towards 1 (a ratio such as predicted / observed). */
export type Direction = "max" | "min" | "near-one";

/**
 * A metric's value on a scale where more is always better, so that no comparison can take a direction the wrong way
 * round: the value, its negative, or -|log value| for a ratio that should be 1.
 */
export function goodness(value: number, direction: Direction): number {
  if (direction === "max") return value;
  return direction === "min" ? -value : -Math.abs(Math.log(value));
}

/** True where `value` beats `other`. */
export function isBetter(value: number, other: number, direction: Direction): boolean {
  return goodness(value, direction) > goodness(other, direction);
}
