import * as tf from "@tensorflow/tfjs";
import type { NativeBackend, OpAttribute, TensorMetadata } from "./native.ts";

const BACKEND = "tensorflow";

type Kernel = Parameters<typeof tf.registerKernel>[0]["kernelFunc"];
type Gradient = Parameters<typeof tf.registerGradient>[0];

/**
 * Runs `body` with TensorFlow's own ops in place of tfjs's formulas where those read values back (GatherV2 checks its
 * indices in JavaScript) or waste work (casts to the same type; the gradient of relu by Step, Cast and Select). Only
 * while a step is recorded: afterwards tfjs is as it was.
 */
export function withNativeOps<T>(backend: NativeBackend, body: () => T): T {
  const restoreKernels = replaceKernels(kernels(backend));
  const restoreGradients = replaceGradients(gradients(backend));
  try {
    return body();
  } finally {
    restoreGradients();
    restoreKernels();
  }
}

function kernels(backend: NativeBackend): Readonly<Record<string, Kernel>> {
  const ops = opCaller(backend);
  const original = {
    BatchMatMul: tf.getKernel("BatchMatMul", BACKEND).kernelFunc,
    Cast: tf.getKernel("Cast", BACKEND).kernelFunc,
  };
  return {
    GatherV2: ({ inputs, attrs }) => {
      const { x, indices } = inputs as unknown as { x: tf.Tensor; indices: tf.Tensor };
      const { axis, batchDims } = attrs as unknown as { axis: number; batchDims: number };
      const axisTensor = tf.scalar(axis, "int32");
      const attributes = [
        ops.int("batch_dims", batchDims),
        ops.type("Tparams", x),
        ops.type("Tindices", indices),
        ops.type("Taxis", axisTensor),
      ];
      return ops.call("GatherV2", attributes, [x, indices, axisTensor]);
    },
    BatchMatMul: (call) => {
      const { a, b } = call.inputs as unknown as { a: tf.Tensor; b: tf.Tensor };
      const { transposeA, transposeB } = call.attrs as unknown as { transposeA: boolean; transposeB: boolean };
      if (a.shape.length !== 2 || b.shape.length !== 2) return original.BatchMatMul(call);
      return ops.call(
        "MatMul",
        [ops.type("T", a), ops.bool("transpose_a", transposeA), ops.bool("transpose_b", transposeB)],
        [a, b],
      );
    },
    Cast: (call) => {
      const { x } = call.inputs as unknown as { x: tf.Tensor };
      if (x.dtype !== (call.attrs as unknown as { dtype: string }).dtype) return original.Cast(call);
      (call.backend as tf.KernelBackend).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  };
}

function gradients(backend: NativeBackend): readonly Gradient[] {
  const ops = opCaller(backend);
  const fromOutput = (kernelName: string, gradient: (dy: tf.Tensor, y: tf.Tensor) => tf.Tensor): Gradient => ({
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({ x: () => gradient(dy as tf.Tensor, y!) }),
  });
  return [
    // By its result and not its input, so that product, bias and relu have no other reader and TensorFlow fuses them.
    fromOutput("Relu", (dy, y) => ops.call("ReluGrad", [ops.type("T", y)], [dy, y])),
    fromOutput("Sigmoid", (dy, y) => ops.call("SigmoidGrad", [ops.type("T", y)], [y, dy])),
    fromOutput("Tanh", (dy, y) => ops.call("TanhGrad", [ops.type("T", y)], [y, dy])),
  ];
}

function replaceKernels(replacements: Readonly<Record<string, Kernel>>): () => void {
  const originals = Object.keys(replacements).map((name) => tf.getKernel(name, BACKEND));
  const register = (name: string, kernelFunc: Kernel): void => {
    tf.unregisterKernel(name, BACKEND);
    tf.registerKernel({ kernelName: name, backendName: BACKEND, kernelFunc });
  };
  for (const [name, kernelFunc] of Object.entries(replacements)) register(name, kernelFunc);
  return () => {
    for (const { kernelName, kernelFunc } of originals) register(kernelName, kernelFunc);
  };
}

function replaceGradients(replacements: readonly Gradient[]): () => void {
  const originals = replacements.map(({ kernelName }) => tf.getGradient(kernelName));
  const register = (gradient: Gradient): void => {
    tf.unregisterGradient(gradient.kernelName);
    tf.registerGradient(gradient);
  };
  replacements.forEach(register);
  return () => originals.forEach(register);
}

/** Calls TensorFlow ops on tfjs tensors. */
function opCaller(backend: NativeBackend) {
  const { binding } = backend;
  const dtypes: Readonly<Record<string, number>> = {
    float32: binding.TF_FLOAT,
    int32: binding.TF_INT32,
    bool: binding.TF_BOOL,
  };
  return {
    type: (name: string, tensor: tf.Tensor): OpAttribute => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value: dtypes[tensor.dtype]!,
    }),
    bool: (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value }),
    int: (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_INT, value }),
    call: (op: string, attributes: readonly OpAttribute[], inputs: readonly tf.Tensor[]): tf.Tensor => {
      const [output] = backend.binding.executeOp(op, attributes, backend.getInputTensorIds(inputs), 1);
      return backend.createOutputTensor(output as TensorMetadata) as tf.Tensor;
    },
  };
}
