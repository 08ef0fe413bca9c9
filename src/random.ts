// One counter-based generator for the whole project: a six-round Feistel network on 24 bits whose every
// intermediate value is an integer below 2^24, so that float32 tensors compute it exactly (engine/random.ts)
// and a run draws the same numbers on every runtime. Not for cryptography.

/** Rounds of the network; round keys have this length. */
export const ROUNDS = 6;
/** Multiplier of the round function: odd, and 4095 * MULTIPLIER + 4095 < 2^24. */
export const MULTIPLIER = 2531;
/** Values that one key yields before it must be changed. */
export const COUNTERS_PER_KEY = 2 ** 24;

/** Part of a stream's name: what draws (`"dropout"`), and for which epoch, step or block. */
export type StreamPart = string | number;

/**
 * Round keys of the stream that `seed` and `path` name. Different names give unrelated streams.
 *
 * @param seed - any safe integer.
 * @returns [ROUNDS] integers in [0, 4096).
 */
export function roundKeys(seed: number, ...path: readonly StreamPart[]): Int32Array {
  let state = absorb(absorb(0x243f6a88, seed), "twinstill");
  for (const part of path) state = absorb(state, part);
  return Int32Array.from({ length: ROUNDS }, (_, round) => mix32(state + Math.imul(round + 1, 0x9e3779b9)) >>> 20);
}

/** The 24-bit value number `counter` (0 <= counter < 2^24) of the stream with these round keys. */
export function random24(keys: Int32Array, counter: number): number {
  let left = (counter >>> 12) & 4095;
  let right = counter & 4095;
  for (let round = 0; round < ROUNDS; round++) {
    const y = (right * MULTIPLIER + keys[round]!) & 4095;
    const mixed = (left + ((y * y) >>> 6)) & 4095;
    left = right;
    right = mixed;
  }
  return left * 4096 + right;
}

/** A stream of random numbers that is a pure function of its name. */
export interface RandomStream {
  /** Uniform in [0, 1), a multiple of 2^-24: exact in float32. */
  uniform(): number;
  /** Uniform integer in [0, bound); 1 <= bound <= 2^48. */
  integer(bound: number): number;
  /** Standard normal, by Box and Muller. */
  normal(): number;
}

/** Opens the stream that `seed` and `path` name, at its start. */
export function randomStream(seed: number, ...path: readonly StreamPart[]): RandomStream {
  let keys = roundKeys(seed, ...path, 0);
  let counter = 0;
  let block = 0;
  const next = (): number => {
    if (counter === COUNTERS_PER_KEY) {
      keys = roundKeys(seed, ...path, ++block);
      counter = 0;
    }
    return random24(keys, counter++);
  };
  const uniform = (): number => next() / COUNTERS_PER_KEY;
  return {
    uniform,
    integer: (bound) =>
      bound <= 4096 ? Math.floor(uniform() * bound) : Math.floor(((next() * 2 ** 24 + next()) / 2 ** 48) * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
  };
}

/** A uniformly random order of 0 .. length-1 (Fisher and Yates). */
export function permutation(length: number, stream: RandomStream): Int32Array {
  const order = Int32Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = stream.integer(i + 1);
    const held = order[i]!;
    order[i] = order[j]!;
    order[j] = held;
  }
  return order;
}

function absorb(state: number, part: StreamPart): number {
  if (typeof part === "string") {
    let next = mix32(state ^ 0x53545231);
    for (let i = 0; i < part.length; i++) next = mix32(next ^ part.charCodeAt(i));
    return next;
  }
  return mix32(mix32(state ^ 0x4e554d31 ^ (part | 0)) ^ Math.floor(part / 2 ** 32));
}

/** 32-bit finaliser with low bias (constants of C. Wellons' hash prospector, triple32's two-round kin). */
function mix32(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
