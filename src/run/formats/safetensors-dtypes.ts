import { DataError } from "../../errors.ts";

/** Numbers of one tensor, in the array that its dtype asks for. */
export type TensorArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Element types of the format that have an array in JavaScript; F16 and BF16 are given as their 16 raw bits. */
export const DTYPES = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

export type Dtype = keyof typeof DTYPES;

/** True for a dtype that this reader knows. */
export function isDtype(name: unknown): name is Dtype {
  return typeof name === "string" && Object.hasOwn(DTYPES, name);
}

/** Bytes of one element. */
export function bytesPerElement(dtype: Dtype): number {
  return DTYPES[dtype].BYTES_PER_ELEMENT;
}

/** An array of `elements` zeros for the dtype. */
export function newArray(dtype: Dtype, elements: number): TensorArray {
  return new DTYPES[dtype](elements);
}

/** Elements of a tensor of this shape (1 for a scalar). @throws {DataError} no safe count. */
export function elementCount(where: string, shape: readonly unknown[]): number {
  let count = 1;
  for (const size of shape) {
    if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) count *= size;
    else count = Number.NaN;
  }
  if (Number.isSafeInteger(count)) return count;
  throw new DataError(
    `${where}: shape must be whole numbers >= 0 with a product below 2^53, got [${shape.join(", ")}]`,
  );
}
