import type { NativeRuntime } from "./native-types.ts";

/** A rung of the ladder, best first: TensorFlow on a GPU, TensorFlow on the CPU, tfjs WebAssembly, tfjs JavaScript. */
export type RuntimeKind = "native-gpu" | "native-cpu" | "wasm" | "cpu";

/** The rungs, best first. */
export const RUNTIME_KINDS: readonly RuntimeKind[] = ["native-gpu", "native-cpu", "wasm", "cpu"];

/** What `--device` takes: `auto` is the best rung that loads, `native` is TensorFlow on the CPU. */
export type DeviceChoice = "auto" | "gpu" | "native" | "wasm" | "cpu";

/** The values of `DeviceChoice`. */
export const DEVICE_CHOICES: readonly DeviceChoice[] = ["auto", "gpu", "native", "wasm", "cpu"];

/** Which build of TensorFlow: for the CPU alone, or with CUDA kernels and libraries. */
export type RuntimeVariant = "cpu" | "cuda";

/** The tensor runtime of this process. */
export interface Runtime {
  readonly kind: RuntimeKind;
  /** The hardware in words: the processor's or the GPU's name. */
  readonly device: string;
  /** TensorFlow's version on a native rung, tfjs's otherwise. */
  readonly libraryVersion: string;
  /** Why each higher rung was not taken, `<kind>: <reason>`, best rung first. */
  readonly reasons: readonly string[];
  /** The addon and its backend; undefined on wasm and cpu. */
  readonly native: NativeRuntime | undefined;
}

/** Doctor's finding on one rung. */
export type RungReport =
  | { readonly kind: RuntimeKind; readonly usable: true; readonly device: string; readonly libraryVersion: string }
  | {
      readonly kind: RuntimeKind;
      readonly usable: false;
      readonly reason: string;
      /** A command or a step that would mend it; undefined where nothing would. */
      readonly remedy: string | undefined;
    };

/** A rung that was tried: what it gave, or why not and what would mend it. */
export type RungOutcome =
  | { readonly ok: true; readonly runtime: Omit<Runtime, "reasons"> }
  | { readonly ok: false; readonly reason: string; readonly remedy: string | undefined };

/** The rung that a forced device stands for. */
export function kindOfDevice(device: Exclude<DeviceChoice, "auto">): RuntimeKind {
  if (device === "gpu") return "native-gpu";
  return device === "native" ? "native-cpu" : device;
}
