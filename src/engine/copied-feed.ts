import type { HostTensor } from "./step.ts";

/**
 * A tensor to feed that a variable may keep. The addon lends TensorFlow the memory of an array at a multiple of 64
 * bytes, and a variable that lets go of it later gives V8's reference back from one of TensorFlow's own threads, which
 * V8 does not bear: two at a time corrupt its heap. Four bytes into a buffer no array lies so, and TensorFlow copies it.
 */
export function copiedFeed(values: Float32Array, shape: readonly number[]): HostTensor {
  const data = new Float32Array(new ArrayBuffer(values.byteLength + 4), 4);
  data.set(values);
  return { data, shape };
}
