import type { NativeEngine } from "../engine/native.ts";
import { isUserError } from "../errors.ts";
import { describeRuntime, installRuntime, loadRuntime, type Runtime, tryRung } from "../runtime/index.ts";
import type { CommonOptions } from "./cli.ts";
import { installProgress } from "./install-progress.ts";
import type { Io } from "./io.ts";
import { packageVersion } from "./package-version.ts";

/** The runtime of this process as engine and environment record. */
export interface LoadedEngine {
  readonly runtime: Runtime;
  readonly native: NativeEngine | undefined;
  readonly environment: Readonly<Record<string, unknown>>;
}

/** Loads the tensor runtime and says in one line where it stands. */
export async function loadEngine(
  { device, quiet, verbose }: CommonOptions,
  io: Io,
  command: readonly string[],
): Promise<LoadedEngine> {
  const runtime = await loadRuntime({ device, verbose: verbose === true });
  if (!quiet) io.err(`runtime: ${describeRuntime(runtime)}\n`);
  const { kind, libraryVersion, reasons } = runtime;
  return {
    runtime,
    native: runtime.native && {
      backend: runtime.native.backend,
      proto: runtime.native.proto,
      gpu: kind === "native-gpu",
    },
    environment: {
      command: ["twinstill", ...command],
      version: packageVersion(),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      runtime: { kind, device: runtime.device, libraryVersion, reasons },
    },
  };
}

/**
 * Installs the native runtime unless one loads already. Where that cannot be done it says why, and the next best
 * runtime will be used.
 */
export async function ensureNative(io: Io): Promise<void> {
  for (const kind of ["native-gpu", "native-cpu"] as const) {
    if ((await tryRung(kind, { forced: false, verbose: false })).ok) return;
  }
  const progress = installProgress(io);
  try {
    await installRuntime({ onEvent: progress.onEvent });
  } catch (error) {
    if (!isUserError(error)) throw error;
    progress.stop();
    io.err(`runtime: the native runtime cannot be installed: ${error.message}\n`);
  } finally {
    progress.stop();
  }
}
