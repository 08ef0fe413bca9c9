// Arrays that batches are made from live in shared memory: worker threads read them without a copy.

/** A zeroed Int32Array of `length` values in shared memory. */
export function sharedInt32(length: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT));
}

/** A zeroed Float32Array of `length` values in shared memory. */
export function sharedFloat32(length: number): Float32Array {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}

/** A copy of `values` in shared memory. */
export function toSharedInt32(values: ArrayLike<number>): Int32Array {
  const shared = sharedInt32(values.length);
  shared.set(values);
  return shared;
}

/** A copy of `values` as float32 in shared memory. */
export function toSharedFloat32(values: ArrayLike<number>): Float32Array {
  const shared = sharedFloat32(values.length);
  shared.set(values);
  return shared;
}
