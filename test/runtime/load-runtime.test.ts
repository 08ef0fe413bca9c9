import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { loadRuntime, type Runtime } from "../../src/runtime/index.ts";

// The native runtime is installed where these tests run.
let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadRuntime();
});

describe("loadRuntime", () => {
  it("takes a native rung and makes it tfjs's backend", () => {
    expect(runtime.kind).toMatch(/^native-(cpu|gpu)$/);
    expect(runtime.libraryVersion).toMatch(/^2\.\d+\.\d+/);
    expect(tf.getBackend()).toBe("tensorflow");
    expect(tf.backend()).toBe(runtime.native?.backend);
    expect(runtime.native?.backend.binding).toBe(runtime.native?.binding);
  });

  it("lets TensorFlow take GPU memory as it needs it", () => {
    expect(process.env.TF_FORCE_GPU_ALLOW_GROWTH).toBe("true");
  });

  it("gives a reason for each rung above the one it took, and for no other", () => {
    const above = { "native-gpu": 0, "native-cpu": 1, wasm: 2, cpu: 3 }[runtime.kind];
    expect(runtime.reasons).toHaveLength(above);
    if (above > 0) expect(runtime.reasons[0]).toMatch(/^native-gpu: \S/);
  });

  it("gives the same runtime again, also to callers at the same time and for the same device by name", async () => {
    const device = runtime.kind === "native-gpu" ? "gpu" : "native";
    const again = await Promise.all([loadRuntime(), loadRuntime({ device }), loadRuntime({ verbose: true })]);
    expect(again.every((other) => other === runtime)).toBe(true);
  });

  it("refuses another device in the same process", async () => {
    const error = await loadRuntime({ device: "wasm" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toBe(
      `loadRuntime: device must stay the same within a process, got "wasm" after ${runtime.kind} was loaded; start ` +
        "another process for it",
    );
    expect(tf.getBackend()).toBe("tensorflow");
  });

  it("refuses an unknown device with the nearest known one", async () => {
    await expect(loadRuntime({ device: "gpus" as "gpu" })).rejects.toThrow(
      'loadRuntime: device must be one of auto, gpu, native, wasm, cpu, got "gpus"; did you mean "gpu"?',
    );
  });

  it("runs tfjs's ops, gradients and the ops that need Node's removed functions", () => {
    const [product, top, gradient] = tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      const y = tf.matMul(x, x);
      return [y, tf.topk(y, 1).values, tf.grad((z: tf.Tensor) => tf.sum(tf.square(z)))(x)].map((t) =>
        Array.from(t.dataSync()),
      );
    });
    expect(product).toEqual([7, 10, 15, 22]);
    expect(top).toEqual([10, 22]);
    expect(gradient).toEqual([2, 4, 6, 8]);
  });

  it("hands out the raw addon and the message classes for recording graphs", () => {
    const { binding, backend, proto } = runtime.native!;
    const x = tf.tensor1d([1, 2, 3], "int32");
    const [id] = backend.getInputTensorIds([x]);
    const type = { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
    const [sum] = binding.executeOp("AddV2", [type], [id!, id!], 1);
    const result = backend.createOutputTensor(sum!);
    expect(Array.from(result.dataSync())).toEqual([2, 4, 6]);
    tf.dispose([x, result]);

    const node = new proto.NodeDef!() as unknown as {
      setName(name: string): void;
      setOp(op: string): void;
      serializeBinary(): Uint8Array;
    };
    node.setName("a");
    node.setOp("AddV2");
    // Field 1 (name) and field 2 (op) of NodeDef, each a tag, a length and the text.
    expect(Buffer.from(node.serializeBinary()).toString("latin1")).toBe("\x0a\x01a\x12\x05AddV2");
  });
});
