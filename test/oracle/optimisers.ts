// Optimisers on plain float64 numbers, one parameter value at a time, from the papers' formulas.

/** State of one value: whatever the optimiser keeps, by name. */
export type Slots = Record<string, number>;
/** Moves one value in place of time t (1 first): returns the new value and changes `slots`. */
export type Move = (value: number, gradient: number, slots: Slots, rate: number, t: number) => number;

export const sgd: Move = (value, gradient, _slots, rate) => value - rate * gradient;

export const momentum =
  (decay: number, nesterov: boolean): Move =>
  (value, gradient, slots, rate) => {
    slots.a = decay * (slots.a ?? 0) + gradient;
    return value - rate * (nesterov ? gradient + decay * slots.a : slots.a);
  };

/** Kingma and Ba, algorithm 1 with epsilon-hat: the bias corrections are applied to the moments themselves. */
export const adam =
  (beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8): Move =>
  (value, gradient, slots, rate, t) => {
    slots.m = beta1 * (slots.m ?? 0) + (1 - beta1) * gradient;
    slots.v = beta2 * (slots.v ?? 0) + (1 - beta2) * gradient ** 2;
    const corrected = Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t);
    return value - (rate * corrected * slots.m) / (Math.sqrt(slots.v) + epsilon);
  };

export const adamw =
  (weightDecay: number): Move =>
  (value, gradient, slots, rate, t) =>
    adam()(value, gradient, slots, rate, t) - rate * weightDecay * value;

export const adagrad =
  (initial = 0.1, epsilon = 1e-7): Move =>
  (value, gradient, slots, rate) => {
    slots.sum = (slots.sum ?? initial) + gradient ** 2;
    return value - (rate * gradient) / (Math.sqrt(slots.sum) + epsilon);
  };

/** One row at a time: the accumulator takes the mean of the row's squares. */
export function rowWiseAdagrad(row: number[], gradient: readonly number[], slots: Slots, rate: number): number[] {
  const squares = gradient.reduce((sum, g) => sum + g * g, 0) / gradient.length;
  slots.sum = (slots.sum ?? 0.1) + squares;
  const step = rate / (Math.sqrt(slots.sum) + 1e-7);
  return row.map((value, d) => value - step * gradient[d]!);
}
