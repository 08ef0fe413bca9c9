import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { INSIDE } from "./cache-layout.ts";
import { packageFolder, TFJS_SYMBOL } from "./javascript-packages.ts";
import type { NativeRuntime, NodeBackend, ProtoModule, TfjsBinding } from "./native-types.ts";
import { TFJS_VERSION } from "./pins.ts";
import { putBackRemovedUtil } from "./removed-util.ts";

/** Where the parts of a native runtime lie. */
export interface NativePlace {
  /** The folder of tfjs-node-gpu's JavaScript. */
  readonly packageFolder: string;
  readonly addon: string;
  /** The muting addon; only a runtime in the cache has one. */
  readonly mute: string | undefined;
}

/** A native runtime whose backend is tfjs's current one, and what TensorFlow said while it loaded. */
export interface OpenedNative extends NativeRuntime {
  readonly said: string;
}

interface MuteAddon {
  mute(): void;
  unmute(): string;
}

/** Name of the backend in tfjs; tfjs-node's own, so that code which asks for it finds it. */
export const BACKEND_NAME = "tensorflow";

const requireHere = createRequire(import.meta.url);

/** The parts of a runtime that we installed at `root`. */
export function cachedPlace(root: string): NativePlace {
  return {
    packageFolder: packageFolder(root, "@tensorflow/tfjs-node-gpu"),
    addon: join(root, INSIDE.addon),
    mute: join(root, INSIDE.mute),
  };
}

/** The addon that tfjs-node-gpu's own installation made, where it did. */
export function packagePlace(): NativePlace | undefined {
  try {
    const folder = dirname(requireHere.resolve("@tensorflow/tfjs-node-gpu/package.json"));
    const addon = join(folder, "lib", "napi-v8", "tfjs_binding.node");
    return existsSync(addon) ? { packageFolder: folder, addon, mute: undefined } : undefined;
  } catch {
    return undefined; // An optional dependency that npm left out.
  }
}

/**
 * Loads the addon and makes it tfjs's backend.
 *
 * @throws Error the addon does not load, or belongs to another tfjs than ours.
 */
export async function openNative(place: NativePlace, { verbose = false } = {}): Promise<OpenedNative> {
  const requireThere = createRequire(join(place.packageFolder, "package.json"));
  Reflect.set(globalThis, Symbol.for(TFJS_SYMBOL), requireHere("@tensorflow/tfjs"));
  requireSameTfjs(place, requireThere);
  putBackRemovedUtil();
  const { binding, said } = loadAddon(place, verbose);
  requireThere("./dist/register_all_kernels");
  const { NodeJSKernelBackend } = requireThere("./dist/nodejs_kernel_backend") as {
    NodeJSKernelBackend: new (binding: TfjsBinding, packageName: string) => NodeBackend;
  };
  const backend = new NodeJSKernelBackend(binding, "@tensorflow/tfjs-node-gpu");
  tf.registerBackend(BACKEND_NAME, () => backend, 3);
  if (!(await tf.setBackend(BACKEND_NAME))) throw new Error("tfjs refused the backend");
  return { binding, backend, proto: requireThere("./dist/proto/api_pb") as ProtoModule, said };
}

function requireSameTfjs(place: NativePlace, requireThere: NodeJS.Require): void {
  const manifest = readFileSync(join(place.packageFolder, "package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  if (version !== TFJS_VERSION || tf.version_core !== TFJS_VERSION) {
    throw new Error(`tfjs-node-gpu and tfjs must both be ${TFJS_VERSION}, got ${version} and ${tf.version_core}`);
  }
  if (requireThere("@tensorflow/tfjs") !== requireHere("@tensorflow/tfjs")) {
    throw new Error(`${place.packageFolder} has a tfjs of its own; "npm dedupe" makes them one`);
  }
}

/**
 * Loads the addon without a word on the terminal, unless asked for or the user set TensorFlow's log level to 0. Level 2
 * lets errors through: those of the loading itself are caught and become part of the reason against a rung.
 */
function loadAddon(place: NativePlace, verbose: boolean): { binding: TfjsBinding; said: string } {
  const loud = verbose || process.env.TF_CPP_MIN_LOG_LEVEL === "0";
  if (!loud) process.env.TF_CPP_MIN_LOG_LEVEL ??= "2";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  if (loud || !place.mute) return { binding: requireHere(place.addon) as TfjsBinding, said: "" };
  const muting = requireHere(place.mute) as MuteAddon;
  let said = "";
  let binding: TfjsBinding | undefined;
  muting.mute();
  try {
    binding = requireHere(place.addon) as TfjsBinding;
  } finally {
    said = muting.unmute();
  }
  return { binding, said };
}
