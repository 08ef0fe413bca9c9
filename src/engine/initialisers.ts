import { ConfigError } from "../errors.ts";
import { COUNTERS_PER_KEY, random24, roundKeys } from "../random.ts";

/** Distribution of a parameter's first values. A value depends on (seed, parameter name, position) alone. */
export type Initialiser =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "uniform"; readonly limit: number; readonly seed: number }
  | { readonly kind: "normal"; readonly deviation: number; readonly seed: number };

/** All values 0. */
export const zeros: Initialiser = { kind: "constant", value: 0 };

/**
 * Glorot and Bengio (AISTATS 2010), eq. 16: uniform in +- sqrt(6 / (fanIn + fanOut)).
 *
 * @throws {ConfigError} a fan is not a positive number.
 */
export function glorotUniform(fanIn: number, fanOut: number, seed: number): Initialiser {
  if (!(fanIn > 0 && fanOut > 0)) {
    throw new ConfigError(`glorotUniform: fanIn and fanOut must be > 0, got ${fanIn} and ${fanOut}`);
  }
  return { kind: "uniform", limit: Math.sqrt(6 / (fanIn + fanOut)), seed };
}

/**
 * First values of elements `from` .. `to - 1` of the parameter `name`, in row-major order. Any range may be asked
 * for, so that a table is filled in chunks and never held whole.
 */
export function initialValues(initialiser: Initialiser, name: string, from: number, to: number): Float32Array {
  const values = new Float32Array(to - from);
  if (initialiser.kind === "constant") return values.fill(initialiser.value);
  const uniformAt = uniformReader(initialiser.seed, name);
  if (initialiser.kind === "uniform") {
    for (let i = from; i < to; i++) values[i - from] = (2 * uniformAt(i) - 1) * initialiser.limit;
    return values;
  }
  for (let i = from; i < to; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - uniformAt(2 * i)));
    values[i - from] = radius * Math.cos(2 * Math.PI * uniformAt(2 * i + 1)) * initialiser.deviation;
  }
  return values;
}

/** Random access to the uniform numbers of a parameter's stream. */
function uniformReader(seed: number, name: string): (position: number) => number {
  let block = -1;
  let keys = new Int32Array(0);
  return (position) => {
    const wanted = Math.floor(position / COUNTERS_PER_KEY);
    if (wanted !== block) {
      block = wanted;
      keys = roundKeys(seed, "initial", name, block) as Int32Array<ArrayBuffer>;
    }
    return random24(keys, position - block * COUNTERS_PER_KEY) / COUNTERS_PER_KEY;
  };
}
