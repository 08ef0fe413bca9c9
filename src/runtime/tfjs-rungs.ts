import * as tf from "@tensorflow/tfjs";
import { cpuName } from "./platform.ts";
import { firstLine } from "./run-command.ts";
import type { RungOutcome } from "./runtime-types.ts";

/** tfjs's WebAssembly backend; in Node it reads its modules from its own package. */
export async function tryWasmRung(): Promise<RungOutcome> {
  try {
    await import("@tensorflow/tfjs-backend-wasm");
    if (!(await tf.setBackend("wasm"))) return failed("tfjs refused the backend");
  } catch (error) {
    return failed(firstLine(error));
  }
  const simd = await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT");
  return usable("wasm", `${cpuName()}, WebAssembly${simd ? " with SIMD" : ""}, 1 thread`);
}

/** tfjs's own JavaScript kernels: slow, and always there. */
export async function tryCpuRung(): Promise<RungOutcome> {
  if (!(await tf.setBackend("cpu"))) return failed("tfjs refused the backend");
  return usable("cpu", `${cpuName()}, JavaScript, 1 thread`);
}

function usable(kind: "wasm" | "cpu", device: string): RungOutcome {
  return { ok: true, runtime: { kind, device, libraryVersion: tf.version_core, native: undefined } };
}

function failed(reason: string): RungOutcome {
  return { ok: false, reason: `tfjs's backend does not start: ${reason}`, remedy: 'reinstall it with "npm install"' };
}
