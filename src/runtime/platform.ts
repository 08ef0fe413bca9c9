import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { GLIBC_NEEDED, wheelsFor } from "./pins.ts";
import type { RuntimeVariant } from "./runtime-types.ts";

/** The machine as far as the choice of a runtime depends on it. */
export interface Platform {
  /** `process.platform`, e.g. "linux". */
  readonly os: string;
  /** `process.arch`, e.g. "x64". */
  readonly arch: string;
  /** Version of the GNU C library; undefined where there is none (musl, other systems). */
  readonly glibc: string | undefined;
}

/** Whether an NVIDIA GPU is there, by the files of its driver. */
export type GpuFinding =
  | { readonly found: true; readonly name: string }
  | { readonly found: false; readonly reason: string };

/** This machine. */
export function thisPlatform(): Platform {
  return { os: process.platform, arch: process.arch, glibc: glibcVersion() };
}

function glibcVersion(): string | undefined {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork ?? false;
  // A report on open sockets asks for the names of their other ends, which can take seconds.
  report.excludeNetwork = true;
  const { header } = report.getReport() as { header?: { glibcVersionRuntime?: string } };
  report.excludeNetwork = before;
  return header?.glibcVersionRuntime;
}

/** Why the native runtime cannot be installed on this platform; undefined when it can. */
export function unsupportedReason(platform: Platform, variant: RuntimeVariant): string | undefined {
  const { os, arch, glibc } = platform;
  if (!wheelsFor(os, arch, "cpu")) return `TensorFlow is pinned for linux-x64 and linux-arm64, this is ${os}-${arch}`;
  if (!wheelsFor(os, arch, variant)) return `the CUDA build is pinned for linux-x64, this is ${os}-${arch}`;
  if (glibc === undefined) return `TensorFlow needs glibc ${GLIBC_NEEDED} or newer, this system has another C library`;
  if (!atLeast(glibc, GLIBC_NEEDED)) return `TensorFlow needs glibc ${GLIBC_NEEDED} or newer, this system has ${glibc}`;
  return undefined;
}

/** True when dotted version `version` is not older than `needed`. */
export function atLeast(version: string, needed: string): boolean {
  const have = version.split(".").map(Number);
  for (const [index, number] of needed.split(".").map(Number).entries()) {
    const difference = (have[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Where an NVIDIA driver shows itself: its device files and, in a Windows host's Linux, its library. */
const DRIVER_FILES = ["/dev/nvidiactl", "/proc/driver/nvidia/version", "/usr/lib/wsl/lib/libcuda.so.1"];

/**
 * Looks for an NVIDIA GPU without starting a program.
 *
 * @param root - prefix of the driver's files, "" on a real machine.
 */
export function findGpu(env: NodeJS.ProcessEnv = process.env, root = ""): GpuFinding {
  const driver = DRIVER_FILES.find((file) => existsSync(root + file));
  if (!driver) return { found: false, reason: `no NVIDIA GPU found (no ${DRIVER_FILES[0]})` };
  const visible = env.CUDA_VISIBLE_DEVICES;
  if (visible === "" || visible?.startsWith("-1")) {
    return { found: false, reason: `CUDA_VISIBLE_DEVICES="${visible}" hides every GPU` };
  }
  return { found: true, name: gpuNames(join(root, "/proc/driver/nvidia/gpus")) };
}

function gpuNames(folder: string): string {
  try {
    const names = readdirSync(folder).map((gpu) => {
      const model = /^Model:\s*(.+)$/m.exec(readFileSync(join(folder, gpu, "information"), "utf8"));
      return model?.[1]?.trim() ?? gpu;
    });
    return [...new Set(names)].join(", ") || "NVIDIA GPU";
  } catch {
    // Only the name is lost: some containers show the device files but not the folder.
    return "NVIDIA GPU";
  }
}

/** The processor's name and its number of logical cores. */
export function cpuName(): string {
  const cores = cpus();
  const model = cores[0]?.model.replaceAll(/\s+/g, " ").trim();
  return `${model || process.arch}, ${cores.length} ${cores.length === 1 ? "core" : "cores"}`;
}
