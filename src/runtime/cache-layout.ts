import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { MUTE_SOURCE } from "./mute-source.ts";
import { PACKAGE_PINS, TENSORFLOW_VERSION, wheelsFor } from "./pins.ts";
import type { Platform } from "./platform.ts";
import type { RuntimeVariant } from "./runtime-types.ts";

/** Counts changes of how a runtime is put together that its pins do not show: raise it to have it rebuilt. */
const RECIPE = 1;

/** Where one installed runtime lies. */
export interface RuntimePaths {
  /** Names the versions, the variant and the platform. */
  readonly key: string;
  /** The finished runtime; it is complete when READY.json lies in it. */
  readonly root: string;
  readonly lock: string;
  /** Wheels, kept until the runtime that needs them is ready. */
  readonly downloads: string;
}

/** Names inside a runtime's root. The folders `tensorflow` and `nvidia` lie as in a Python environment, because
 *  TensorFlow's libraries look for CUDA's in `$ORIGIN/../nvidia`. */
export const INSIDE = {
  ready: "READY.json",
  tensorflow: "tensorflow",
  headers: join("tensorflow", "include"),
  addon: join("addon", "tfjs_binding.node"),
  mute: join("addon", "mute.node"),
  packages: "node_modules",
} as const;

/**
 * The cache folder: `$TWINSTILL_CACHE`, else `$XDG_CACHE_HOME/twinstill`, else `~/.cache/twinstill`.
 *
 * @throws {ConfigError} a variable names a relative path.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env.TWINSTILL_CACHE;
  if (own) return absolute("TWINSTILL_CACHE", own);
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg ? absolute("XDG_CACHE_HOME", xdg) : join(env.HOME || homedir(), ".cache"), "twinstill");
}

function absolute(variable: string, path: string): string {
  if (isAbsolute(path)) return path;
  throw new ConfigError(`cacheFolder: ${variable} must be an absolute path, got "${path}"`);
}

/** The name of a runtime: versions in clear, and a digest of every pin and of the recipe. */
export function runtimeKey(platform: Platform, variant: RuntimeVariant): string {
  const wheels = wheelsFor(platform.os, platform.arch, variant) ?? [];
  const parts = [RECIPE, MUTE_SOURCE, PACKAGE_PINS, wheels.map(({ file, sha256 }) => [file, sha256])];
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 8);
  return `tensorflow-${TENSORFLOW_VERSION}-${variant}-${platform.os}-${platform.arch}-${digest}`;
}

/** Where the runtime of this variant lies, or would lie. */
export function runtimePaths(
  platform: Platform,
  variant: RuntimeVariant,
  env: NodeJS.ProcessEnv = process.env,
): RuntimePaths {
  const cache = cacheFolder(env);
  const key = runtimeKey(platform, variant);
  const root = join(cache, "runtime", key);
  return { key, root, lock: `${root}.lock`, downloads: join(cache, "downloads") };
}
