import { createRequire } from "node:module";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { runtimePaths } from "./cache-layout.ts";
import type { NodeBackend, ProtoModule } from "./native-types.ts";
import {
  BACKEND_NAME,
  cachedPlace,
  type NativePlace,
  type OpenedNative,
  openNative,
  packagePlace,
} from "./open-native.ts";
import { cpuName, findGpu, type GpuFinding, type Platform, thisPlatform, unsupportedReason } from "./platform.ts";
import { checkSizes, type InstalledState } from "./ready-marker.ts";
import { firstLine } from "./run-command.ts";
import type { RungOutcome, Runtime, RuntimeVariant } from "./runtime-types.ts";

type NativeKind = "native-gpu" | "native-cpu";

/** The command that installs or repairs the native runtime. */
export const INSTALL_COMMAND = "npx twinstill runtime install";

/** What the choice among native runtimes depends on. */
export interface NativeFacts {
  readonly platform: Platform;
  readonly gpu: GpuFinding;
  /** The addon of tfjs-node-gpu's own installation, if there is one. */
  readonly ownPlace: NativePlace | undefined;
  readonly installed: Readonly<Record<RuntimeVariant, { readonly root: string; readonly state: InstalledState }>>;
}

export interface NativeRungOptions {
  /** True when the user asks for this rung and no other. */
  readonly forced: boolean;
  readonly verbose: boolean;
}

// At most one: two TensorFlow libraries do not live in one process, and none can be unloaded.
let opened: OpenedNative | undefined;

/** Looks at this machine: no program is started and nothing is loaded. */
export function nativeFacts(env: NodeJS.ProcessEnv = process.env): NativeFacts {
  const platform = thisPlatform();
  const look = (variant: RuntimeVariant) => {
    const { root } = runtimePaths(platform, variant, env);
    return { root, state: checkSizes(root) };
  };
  return {
    platform,
    gpu: findGpu(env),
    ownPlace: packagePlace(),
    installed: { cpu: look("cpu"), cuda: look("cuda") },
  };
}

/** Loads TensorFlow for this rung, or says why not. */
export async function tryNativeRung(
  kind: NativeKind,
  { forced, verbose }: NativeRungOptions,
  facts: NativeFacts = nativeFacts(),
): Promise<RungOutcome> {
  opened ??= await adoptRegistered(facts);
  if (!opened) {
    if (kind === "native-gpu" && !forced && !facts.gpu.found) return refused(facts.gpu.reason, undefined);
    if (kind === "native-cpu" && forced) process.env.CUDA_VISIBLE_DEVICES = "-1";
    const failures: string[] = [];
    for (const [label, place] of nativePlaces(kind, facts)) {
      try {
        opened = await openNative(place, { verbose });
        break;
      } catch (error) {
        failures.push(`${label} does not load: ${firstLine(error)}`);
      }
    }
    if (!opened) return failures.length > 0 ? refused(failures.join("; "), INSTALL_COMMAND) : notInstalled(kind, facts);
  }
  return judge(kind, opened, { forced, facts });
}

/** The places to load from, best first, with words for messages. */
export function nativePlaces(kind: NativeKind, { ownPlace, installed }: NativeFacts): [string, NativePlace][] {
  const cached = (variant: RuntimeVariant, label: string): [string, NativePlace][] => {
    const { root, state } = installed[variant];
    return state.state === "ready" ? [[label, cachedPlace(root)]] : [];
  };
  const own: [string, NativePlace][] = ownPlace ? [["tfjs-node-gpu's own addon", ownPlace]] : [];
  const cuda = cached("cuda", "the installed CUDA build of TensorFlow");
  if (kind === "native-gpu") return [...cuda, ...own];
  return [...own, ...cached("cpu", "the installed CPU build of TensorFlow"), ...cuda];
}

/** Why there is no place to load from, and what would mend it. */
export function notInstalled(kind: NativeKind, { platform, gpu, installed }: NativeFacts): RungOutcome {
  const variant = kind === "native-gpu" ? "cuda" : "cpu";
  if (kind === "native-gpu" && !gpu.found) return refused(gpu.reason, undefined);
  const unsupported = unsupportedReason(platform, variant);
  if (unsupported) return refused(unsupported, undefined);
  const { state } = installed[variant];
  const build = variant === "cuda" ? "the CUDA build of TensorFlow" : "TensorFlow";
  const reason = state.state === "broken" ? `${build} is damaged: ${state.reason}` : `${build} is not installed`;
  return refused(reason, INSTALL_COMMAND);
}

function judge(
  kind: NativeKind,
  native: OpenedNative,
  { forced, facts }: { forced: boolean; facts: NativeFacts },
): RungOutcome {
  const onGpu = native.binding.isUsingGpuDevice();
  if (kind === "native-gpu" && !onGpu) {
    const said = gpuWords(native.said);
    const reason = `TensorFlow ${native.binding.TF_Version} loads but finds no GPU device${said ? `: ${said}` : ""}`;
    return refused(reason, facts.gpu.found ? `check the driver with "nvidia-smi", then ${INSTALL_COMMAND}` : undefined);
  }
  if (kind === "native-cpu" && onGpu && forced) {
    return refused("TensorFlow already runs on a GPU in this process", "start another process");
  }
  return { ok: true, runtime: nativeRuntime(native, facts.gpu) };
}

/** The runtime record of an opened addon. */
export function nativeRuntime(native: OpenedNative, gpu: GpuFinding = findGpu()): Omit<Runtime, "reasons"> {
  const { binding, backend, proto } = native;
  const onGpu = binding.isUsingGpuDevice();
  return {
    kind: onGpu ? "native-gpu" : "native-cpu",
    device: onGpu ? (gpu.found ? gpu.name : "GPU") : cpuName(),
    libraryVersion: binding.TF_Version,
    native: { binding, backend, proto },
  };
}

/** What TensorFlow said about GPUs while it loaded, without the log's prefix. */
function gpuWords(said: string): string | undefined {
  const lines = said.split("\n").filter((line) => /cuda|gpu/i.test(line));
  return lines
    .at(-1)
    ?.replace(/^.*?\]\s*/, "")
    .trim();
}

function refused(reason: string, remedy: string | undefined): RungOutcome {
  return { ok: false, reason, remedy };
}

/** A program that has imported tfjs-node itself: its backend is taken, since a second TensorFlow would crash it. */
async function adoptRegistered(facts: NativeFacts): Promise<OpenedNative | undefined> {
  if (!tf.findBackendFactory(BACKEND_NAME) || !(await tf.setBackend(BACKEND_NAME))) return undefined;
  const backend = tf.backend() as NodeBackend;
  const [first] = nativePlaces("native-cpu", facts);
  const folder = first ? join(first[1].packageFolder, "package.json") : import.meta.url;
  const api = first ? "./dist/proto/api_pb" : "@tensorflow/tfjs-node-gpu/dist/proto/api_pb";
  return { binding: backend.binding, backend, proto: createRequire(folder)(api) as ProtoModule, said: "" };
}
