import { mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { INSIDE } from "./cache-layout.ts";
import { packageFolder } from "./javascript-packages.ts";
import { MUTE_SOURCE } from "./mute-source.ts";
import { lastLines, runCommand } from "./run-command.ts";

export interface CompileOptions {
  readonly compiler: string;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Compiles tfjs-node-gpu's addon, from its own sources and against the TensorFlow beside it, and the addon that mutes
 * its start-up. Both use Node-API 8 alone, so one build serves every Node from 20 on.
 *
 * @throws {ConfigError} the compiler fails; the message ends with its last words.
 */
export async function compileAddons(root: string, options: CompileOptions): Promise<void> {
  const { compiler, env, signal } = options;
  const sources = packageFolder(root, "@tensorflow/tfjs-node-gpu");
  const muteSource = join(root, "mute.cc");
  await mkdir(dirname(join(root, INSIDE.addon)), { recursive: true });
  await writeFile(muteSource, MUTE_SOURCE);
  const common = ["-O2", "-std=c++17", "-shared", "-fPIC", "-DNAPI_VERSION=8", `-I${nodeApiHeaders()}`];
  const commands = [
    [...common, muteSource, "-o", join(root, INSIDE.mute)],
    [
      ...common,
      ...["binding", "."].map((folder) => `-I${join(sources, folder)}`),
      `-I${join(root, INSIDE.headers)}`,
      ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(sources, "binding", file)),
      `-L${join(root, INSIDE.tensorflow)}`,
      "-l:libtensorflow_cc.so.2",
      "-l:libtensorflow_framework.so.2",
      "-Wl,-rpath,$ORIGIN/../tensorflow",
      ...["-o", join(root, INSIDE.addon)],
    ],
  ];
  for (const args of commands) {
    const result = await runCommand(compiler, args, { env, signal });
    signal?.throwIfAborted();
    if (result.status !== 0) throw compileError(compiler, result.stderr);
  }
  await rm(muteSource);
  await rm(join(root, INSIDE.headers), { recursive: true, force: true });
}

function nodeApiHeaders(): string {
  const headers = createRequire(import.meta.url)("node-api-headers") as { include_dir: string };
  return headers.include_dir;
}

function compileError(compiler: string, said: string): ConfigError {
  return new ConfigError(
    `installRuntime: ${compiler} must compile the addon as C++17, got: ${lastLines(said)}; a compiler such as g++ 9 or ` +
      "newer is needed, another one is taken from $CXX",
  );
}
