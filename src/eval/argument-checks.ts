import { ConfigError, DataError, ShapeError } from "../errors.ts";

/** One-dimensional numbers, in whatever array they come. */
export type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array | readonly number[];

/** Refuses arrays of different lengths. @throws {ShapeError} */
export function assertSameLength(where: string, arrays: Readonly<Record<string, ArrayLike<unknown>>>): void {
  const lengths = Object.values(arrays).map((array) => array.length);
  if (lengths.every((length) => length === lengths[0])) return;
  throw new ShapeError(
    `${where}: ${Object.keys(arrays).join(", ")} must have equal lengths, got ${lengths.join(", ")}`,
  );
}

/** Refuses NaN and infinite values. @throws {DataError} */
export function assertFinite(where: string, name: string, values: Numbers): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]!)) throw new DataError(`${where}: ${name} must be finite, got ${values[i]} at ${i}`);
  }
}

/** Refuses labels other than 0 and 1. @throws {DataError} */
export function assertBinary(where: string, name: string, values: Numbers): void {
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== 0 && value !== 1) throw new DataError(`${where}: ${name} must be 0 or 1, got ${value} at ${i}`);
  }
}

/** Refuses values outside [0, 1]. @throws {DataError} */
export function assertProbabilities(where: string, name: string, values: Numbers): void {
  for (let i = 0; i < values.length; i++) {
    if (values[i]! >= 0 && values[i]! <= 1) continue;
    throw new DataError(
      `${where}: ${name} must be in [0, 1], got ${values[i]} at ${i}; logits have functions of their own`,
    );
  }
}

/** Refuses negative, NaN and infinite weights. @throws {DataError} */
export function assertWeights(where: string, weights: Numbers): void {
  for (let i = 0; i < weights.length; i++) {
    if (weights[i]! >= 0 && weights[i]! < Number.POSITIVE_INFINITY) continue;
    throw new DataError(`${where}: weights must be finite and >= 0, got ${weights[i]} at ${i}`);
  }
}

/** Refuses anything but a whole number of at least 1. @throws {ConfigError} */
export function assertCount(where: string, name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new ConfigError(`${where}: ${name} must be a whole number >= 1, got ${value}`);
}

/** Refuses anything outside the open interval (0, 1). @throws {ConfigError} */
export function assertFraction(where: string, name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new ConfigError(`${where}: ${name} must be in (0, 1), got ${value}`);
}

/** The stretch [from, to) of an array, without a copy where the array allows it. */
export function stretch(values: Numbers, from: number, to: number): Numbers {
  return ArrayBuffer.isView(values) ? values.subarray(from, to) : values.slice(from, to);
}
