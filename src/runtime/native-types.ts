// What we use of tfjs-node-gpu's parts, written down here because its own types are absent where npm left the
// (optional) package out.
import type * as tf from "@tensorflow/tfjs";

/** A tensor as the addon describes it; `id` is valid until `deleteTensor(id)`. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** One attribute of an op: `type` is one of the binding's `TF_ATTR_*` numbers. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | object | string | number[];
}

/** The native addon: TensorFlow's eager C API and the loading and running of SavedModels. */
export interface TfjsBinding {
  createTensor(shape: readonly number[], dtype: number, values: ArrayBufferView | readonly Uint8Array[]): number;
  deleteTensor(tensorId: number): void;
  tensorDataSync(tensorId: number): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[];
  executeOp(
    opName: string,
    attributes: readonly OpAttribute[],
    inputIds: readonly number[],
    numOutputs: number,
  ): TensorMetadata[];
  loadSavedModel(folder: string, tags: string): number;
  deleteSavedModel(modelId: number): void;
  runSavedModel(
    modelId: number,
    inputIds: readonly number[],
    inputNames: string,
    outputNames: string,
  ): TensorMetadata[];
  getNumOfSavedModels(): number;
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_COMPLEX64: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_RESOURCE: number;
  readonly TF_Version: string;
}

/** The NodeJSKernelBackend that tfjs runs its kernels on; `binding` may be replaced to watch the ops go by. */
export interface NodeBackend extends tf.KernelBackend {
  binding: TfjsBinding;
  readonly isUsingGpuDevice: boolean;
  /** TensorFlow's number of a tfjs dtype. */
  getDTypeInteger(dtype: tf.DataType): number;
  /** Ids of these tensors in TensorFlow; uploads values that are not there yet. */
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  /** A tfjs tensor that owns the addon's tensor `metadata.id`. */
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeSingleOutput(name: string, attributes: readonly OpAttribute[], inputs: readonly tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tf.TensorInfo[],
    numOutputs: number,
  ): tf.Tensor[];
}

/** A protocol buffer message of api_pb: `setX`, `addX`, `getXMap` for each field X. */
export interface ProtoMessage {
  serializeBinary(): Uint8Array;
  // Generated accessors: their arguments differ by field, so a caller narrows the message it builds.
  readonly [accessor: string]: unknown;
}

/** A message's class; nested messages (`AttrValue.ListValue`) are its members. */
export interface ProtoClass {
  new (): ProtoMessage;
  deserializeBinary(bytes: Uint8Array): ProtoMessage;
  readonly [nested: string]: unknown;
}

/** tfjs-node-gpu's `dist/proto/api_pb.js`: GraphDef, NodeDef, AttrValue, SavedModel, ... by name. */
export type ProtoModule = Readonly<Record<string, ProtoClass>>;

/** What recording and replaying graphs needs besides tfjs itself. */
export interface NativeRuntime {
  readonly binding: TfjsBinding;
  readonly backend: NodeBackend;
  readonly proto: ProtoModule;
}
