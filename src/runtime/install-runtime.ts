import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { type BuildTools, findBuildTools } from "./build-tools.ts";
import { type RuntimePaths, runtimePaths } from "./cache-layout.ts";
import { compileAddons } from "./compile-addon.ts";
import { requireDiskSpace } from "./disk-space.ts";
import { byteReporter, type OnInstallEvent } from "./install-events.ts";
import { installOnce } from "./install-once.ts";
import { placePackages } from "./javascript-packages.ts";
import { TENSORFLOW_VERSION, type WheelPin, wheelsFor } from "./pins.ts";
import { findGpu, type Platform, thisPlatform, unsupportedReason } from "./platform.ts";
import { probeInChild } from "./probe-in-child.ts";
import type { ReadyMarker } from "./ready-marker.ts";
import { lastLines, runCommand } from "./run-command.ts";
import type { RuntimeVariant } from "./runtime-types.ts";
import { unpackArchive } from "./unpack-archive.ts";
import { downloadWheel } from "./wheel-download.ts";

export interface InstallOptions {
  /** `auto` is `cuda` where an NVIDIA GPU is found, `cpu` elsewhere. */
  readonly variant?: RuntimeVariant | "auto";
  readonly onEvent?: OnInstallEvent;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** A native runtime in the cache. */
export interface InstalledRuntime {
  readonly variant: RuntimeVariant;
  readonly path: string;
  readonly libraryVersion: string;
  /** Bytes on disk. */
  readonly bytes: number;
  /** True when it was there already and whole. */
  readonly reused: boolean;
}

interface BuildOptions {
  readonly variant: RuntimeVariant;
  readonly wheels: readonly WheelPin[];
  readonly paths: RuntimePaths;
  readonly onEvent: OnInstallEvent;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal | undefined;
}

/** Room for the packages, the addons and the file system's own needs. */
const SLACK_BYTES = 30_000_000;

/** The members of a wheel that a runtime keeps; the headers only until the addon is compiled. */
const KEPT_MEMBERS = {
  tensorflow: [
    "tensorflow/libtensorflow_cc.so",
    "tensorflow/libtensorflow_framework.so",
    "tensorflow/THIRD_PARTY_NOTICES.txt",
    "tensorflow/include/tensorflow/c/",
    "tensorflow/include/tensorflow/core/platform/ctstring",
    "tensorflow/include/tsl/platform/ctstring",
    "tensorflow/include/xla/tsl/c/",
  ],
  nvidia: ["nvidia/"],
} as const;

/**
 * Installs the native runtime into the cache, or finds it there whole: fetches TensorFlow's wheel with pip, unpacks
 * its C library, compiles tfjs-node-gpu's addon against it and tries one op in a process of its own.
 *
 * @throws {ConfigError} the platform, a tool, the disk or the network does not allow it; the message says what to do.
 * @throws {DataError} what was downloaded is not what is pinned.
 */
export async function installRuntime(options: InstallOptions = {}): Promise<InstalledRuntime> {
  const { variant: choice = "auto", onEvent = () => undefined, env = process.env, signal } = options;
  const platform = thisPlatform();
  const variant = choice === "auto" ? bestVariant(platform, env) : choice;
  const wheels = requireWheels(platform, variant);
  const paths = runtimePaths(platform, variant, env);
  onEvent({ kind: "step", step: "check", detail: paths.root });
  const build = (folder: string) => buildRuntime(folder, { variant, wheels, paths, onEvent, env, signal });
  const { marker, reused } = await installOnce(paths, { build, onEvent, signal });
  const bytes = Object.values(marker.files).reduce((sum, file) => sum + file.bytes, 0);
  return { variant, path: paths.root, libraryVersion: marker.tensorflow, bytes, reused };
}

/** The variant that `auto` stands for. */
function bestVariant(platform: Platform, env: NodeJS.ProcessEnv): RuntimeVariant {
  return findGpu(env).found && !unsupportedReason(platform, "cuda") ? "cuda" : "cpu";
}

function requireWheels(platform: Platform, variant: RuntimeVariant): readonly WheelPin[] {
  const wheels = wheelsFor(platform.os, platform.arch, variant);
  const reason = unsupportedReason(platform, variant);
  if (wheels && !reason) return wheels;
  throw new ConfigError(
    `installRuntime: the platform must have a build of TensorFlow ${TENSORFLOW_VERSION} (${variant}), got: ${reason}; ` +
      "everything runs without it, slower, on --device wasm or cpu",
  );
}

async function buildRuntime(folder: string, options: BuildOptions): Promise<Omit<ReadyMarker, "files" | "key">> {
  const { variant, wheels, paths, onEvent, env, signal } = options;
  const tools = await findBuildTools(env);
  await requireDiskSpace(folder, bytesNeeded(wheels, paths.downloads));
  const common = { python: tools.python, env, signal };
  const archives: string[] = [];
  for (const pin of wheels) archives.push(await downloadWheel(pin, { ...common, folder: paths.downloads, onEvent }));
  for (const [index, pin] of wheels.entries()) await unpackWheel(archives[index]!, pin, folder, { ...common, onEvent });
  onEvent({ kind: "step", step: "packages", detail: "@tensorflow/tfjs-node-gpu" });
  await placePackages(folder, common);
  onEvent({ kind: "step", step: "compile", detail: tools.compiler });
  await compileAddons(folder, { compiler: tools.compiler, env, signal });
  onEvent({ kind: "step", step: "verify", detail: "one op in a process of its own" });
  await requireWorking(folder, env);
  // Only now: a wheel that does not lead to a runtime is kept for the next try.
  for (const archive of archives) await rm(archive, { force: true });
  return { variant, tensorflow: TENSORFLOW_VERSION, compiler: await compilerVersion(tools, env) };
}

/** Bytes that the disk must have: wheels that are not there yet, and all that is unpacked. */
export function bytesNeeded(wheels: readonly WheelPin[], downloads: string): number {
  const missing = wheels.filter((pin) => !existsSync(join(downloads, pin.file)));
  const sum = (pins: readonly WheelPin[], size: (pin: WheelPin) => number) =>
    pins.reduce((total, pin) => total + size(pin), 0);
  return sum(missing, (pin) => pin.bytes) + sum(wheels, (pin) => pin.unpackedBytes) + SLACK_BYTES;
}

async function unpackWheel(
  archive: string,
  pin: WheelPin,
  folder: string,
  { python, onEvent, env, signal }: Pick<BuildOptions, "onEvent" | "env" | "signal"> & { python: string },
): Promise<void> {
  onEvent({ kind: "step", step: "unpack", detail: pin.file });
  await unpackArchive(archive, folder, {
    python,
    prefixes: KEPT_MEMBERS[pin.members],
    without: pin.members === "nvidia" ? ["/include/"] : [],
    onBytes: byteReporter("unpack", { file: pin.file, total: pin.unpackedBytes, onEvent }),
    env,
    signal,
  });
}

async function requireWorking(folder: string, env: NodeJS.ProcessEnv): Promise<void> {
  const probe = await probeInChild({ root: folder }, { env });
  if (probe.ok) return;
  throw new ConfigError(
    `installRuntime: the built runtime must multiply two matrices, got: ${probe.reason}; run "npx twinstill runtime ` +
      'doctor" to see what this machine can run',
  );
}

async function compilerVersion({ compiler }: BuildTools, env: NodeJS.ProcessEnv): Promise<string> {
  return lastLines((await runCommand(compiler, ["--version"], { env })).stdout.split("\n")[0] ?? compiler);
}
