// Every loss gives the same on TensorFlow eagerly, replayed as a graph, on WebAssembly and in JavaScript.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { beforeAll, describe, expect, it } from "vitest";
import type { NativeEngine } from "../../src/engine/native.ts";
import type { DenseParameter } from "../../src/engine/parameters.ts";
import { createProgram, type Program } from "../../src/engine/program.ts";
import type { HostTensor } from "../../src/engine/step.ts";
import { randomStream } from "../../src/random.ts";
import { loadRuntime } from "../../src/runtime/index.ts";
import { cascadeCases } from "./cases/cascade-cases.ts";
import { inBatchCases, negativesCases } from "./cases/in-batch-cases.ts";
import { latentCases, ordinalCases } from "./cases/latent-cases.ts";
import { listCases } from "./cases/list-cases.ts";
import { pairCases } from "./cases/pair-cases.ts";
import { pointwiseCases } from "./cases/pointwise-cases.ts";
import { sortingCases } from "./cases/sorting-cases.ts";
import { evaluateLoss } from "./evaluate-loss.ts";
import { expectClose } from "./expect-close.ts";
import { type Input, type Inputs, input, type LossCase } from "./loss-case.ts";

const cases: readonly LossCase[] = [
  ...pointwiseCases,
  ...listCases,
  ...pairCases,
  ...sortingCases,
  ...cascadeCases,
  ...latentCases,
  ...ordinalCases,
  ...inBatchCases,
  ...negativesCases,
];
const table = cases.map((item) => [item.name, item] as const);

const require = createRequire(import.meta.url);
setWasmPaths(join(dirname(require.resolve("@tensorflow/tfjs-backend-wasm/package.json")), "dist/"));
const runtime = await loadRuntime();
const native: NativeEngine | undefined = runtime.native && {
  backend: runtime.native.backend,
  proto: runtime.native.proto,
  gpu: runtime.kind === "native-gpu",
};

/** Lists of 9 items, about a third of them padding; matrices as they come. */
function inputsOf(item: LossCase): { readonly inputs: Inputs; readonly upstream: number[] } {
  const [lists, length] = item.sizes?.at(-1) ?? [4, 9];
  const stream = randomStream(9, "runtimes", item.name);
  const plain = item.inputs(stream, lists, length);
  const keepsFirst = item.lists?.permutable === "all but the first";
  const mask = input(
    [lists, length],
    Array.from({ length: lists * length }, (_, at) =>
      (keepsFirst && at % length === 0) || stream.uniform() >= 0.3 ? 1 : 0,
    ),
  );
  const inputs = item.lists === undefined ? plain : { ...plain, mask };
  const count = item.oracle(inputs, []).values.length;
  return { inputs, upstream: Array.from({ length: count }, () => Math.fround(stream.normal())) };
}

describe.each(["wasm", "cpu", "tensorflow"])("on tfjs's %s backend", (backend) => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
  });

  it.each(table)("%s equals the oracle", (_, item) => {
    const { inputs, upstream } = inputsOf(item);
    const expected = item.oracle(inputs, upstream);
    const { values, gradients } = evaluateLoss(item, inputs, upstream);
    expectClose(values, expected.values, "values", { relative: 1e-4, absolute: 5e-6 });
    for (const name of item.flowing) {
      const want = expected.gradients[name]!;
      const absolute = 5e-6 * Math.max(1, ...want.map(Math.abs));
      expectClose(gradients[name]!, want, `gradient of ${name}`, { relative: 1e-4, absolute });
    }
  });
});

const host = ({ shape, data }: Input): HostTensor => ({ shape, data: Float32Array.from(data) });

/** A program whose parameters are the arguments that gradients flow into; plain descent of rate 1 shows the gradients. */
function programOf(item: LossCase, inputs: Inputs, eager: boolean): Program {
  const parameter = (name: string): DenseParameter => ({
    kind: "dense",
    name,
    shape: inputs[name]!.shape,
    initialiser: { kind: "constant", value: 0 },
    group: "all",
  });
  const tree = Object.fromEntries(item.flowing.map((name) => [name, parameter(name)]));
  return createProgram(
    tree,
    {
      train: {
        kind: "train",
        optimisers: { all: { dense: { kind: "sgd" }, table: { kind: "sgd" } } },
        step: (values, { upstream, ...batch }) => {
          const losses = item.loss({ ...batch, ...(values as Record<string, tf.Tensor>) });
          return { loss: tf.sum(tf.mul(losses, upstream!)) as tf.Scalar, parts: {} };
        },
      },
    },
    { native, eager },
  );
}

describe.skipIf(native === undefined)("replayed as a TensorFlow graph", () => {
  beforeAll(async () => {
    expect(await tf.setBackend("tensorflow")).toBe(true);
  });

  it.each(table)("%s equals the eager step", (_, item) => {
    const { inputs, upstream } = inputsOf(item);
    const rest = Object.entries(inputs).filter(([name]) => !item.flowing.includes(name));
    const batch = {
      ...Object.fromEntries(rest.map(([name, given]) => [name, host(given)])),
      upstream: { shape: evaluateLoss(item, inputs).shape, data: Float32Array.from(upstream) },
    };
    const [eager, replay] = [true, false].map((mode) => {
      const program = programOf(item, inputs, mode);
      for (const name of item.flowing) program.write(name, Float32Array.from(inputs[name]!.data));
      const { loss } = program.train("train", { batch, rates: { all: 1 } });
      const moved = item.flowing.map((name) => program.read(name));
      program.close();
      return { loss, moved, kind: program.executor };
    });
    expect([eager!.kind, replay!.kind]).toEqual(["eager", "replay"]);
    expectClose([replay!.loss], [eager!.loss], "loss", { relative: 1e-5, absolute: 1e-5 });
    item.flowing.forEach((name, i) => {
      expectClose(replay!.moved[i]!, eager!.moved[i]!, `moved ${name}`, { relative: 1e-5, absolute: 1e-5 });
    });
  });
});

/** What a loss may be made of: all of it is there on TensorFlow, WebAssembly and in JavaScript. A new one is added knowingly. */
const KERNELS = [
  "Abs Add AddN BatchMatMul Cast Ceil ClipByValue Concat Cumsum Equal Exp ExpandDims Expm1 Fill GatherV2 Greater",
  "GreaterEqual Identity Less LessEqual Log Log1p LogicalAnd LogicalNot Max Maximum Mean Min Minimum Multiply Neg OnesLike",
  "Pack PadV2 Pow Range RealDiv Relu Reshape Rsqrt ScatterNd Select Sigmoid Slice Softmax SplitV Sqrt Square Step Sub Sum Tanh",
  "Tile TopK Transpose Unpack ZerosLike",
]
  .join(" ")
  .split(" ");

describe("kernels", () => {
  it.each(["wasm", "cpu", "tensorflow"])("%s has every kernel of the list", (backend) => {
    const known = new Set(tf.getKernelsForBackend(backend).map(({ kernelName }) => kernelName));
    expect(KERNELS.filter((name) => !known.has(name))).toEqual([]);
  });

  it("losses and their gradients use no others, and all of them", async () => {
    expect(await tf.setBackend("cpu")).toBe(true);
    const used = new Set<string>();
    for (const item of cases) {
      const { inputs, upstream } = inputsOf(item);
      const { kernelNames } = await tf.profile(() => tf.scalar(evaluateLoss(item, inputs, upstream).values[0]!));
      for (const name of kernelNames) if (!/__op$|scope$|^backward$/.test(name)) used.add(name);
    }
    expect([...used].sort()).toEqual(KERNELS);
  });
});
