// What the engine needs of the native runtime: the raw addon, the tfjs backend that owns its tensors, and the
// protobuf classes that a graph is written with. Structural, so that this room does not load anything itself.

/** Attribute of a TensorFlow op as the addon takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | object | string | readonly number[];
}

/** A tensor as the addon reports it. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

export type BindingValues = Float32Array | Int32Array | Uint8Array;

/** The addon of tfjs-node(-gpu): one C function a method. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, values: BindingValues): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): BindingValues;
  executeOp(
    op: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): TensorMetadata[];
  getNumOfTensors(): number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
}

/** The tfjs backend over the addon; `binding` is replaced while a step is recorded. */
export interface NativeBackend {
  binding: Binding;
  getInputTensorIds(tensors: readonly object[]): number[];
  createOutputTensor(metadata: TensorMetadata): object;
}

/** A protobuf message class of the addon's api_pb.js: setters are called by name. */
export interface ProtoMessage {
  [method: string]: (...values: never[]) => unknown;
}

/** The native runtime as the engine sees it. */
export interface NativeEngine {
  readonly backend: NativeBackend;
  /** The classes of dist/proto/api_pb.js (GraphDef, NodeDef, AttrValue, SavedModel ...). */
  readonly proto: unknown;
  /** True where a GPU is used: ops with int32 results are then placed on the host. */
  readonly gpu: boolean;
}
