import type { NativeRuntime } from "../runtime/native-types.ts";

export type {
  NodeBackend as NativeBackend,
  OpAttribute,
  TensorMetadata,
  TfjsBinding as Binding,
} from "../runtime/native-types.ts";

/** The native runtime as the engine uses it. */
export interface NativeEngine extends Pick<NativeRuntime, "backend" | "proto"> {
  /** True where a GPU is used: ops with int32 results are then placed on the host. */
  readonly gpu: boolean;
}

/** Values of the tensors that steps are made of. */
export type BindingValues = Float32Array | Int32Array | Uint8Array;
