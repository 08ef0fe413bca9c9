import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { lastLines } from "./run-command.ts";
import type { RuntimeKind } from "./runtime-types.ts";

/** What to try: a rung of the ladder, or the native runtime in a folder. */
export type ProbeRequest = { readonly kind: RuntimeKind } | { readonly root: string };

/** What became of it. */
export type ProbeResult =
  | { readonly ok: true; readonly kind: RuntimeKind; readonly device: string; readonly libraryVersion: string }
  | { readonly ok: false; readonly reason: string; readonly remedy?: string | undefined };

const TIMEOUT_MS = 120_000;

/** Loads a runtime and runs one op in a process of its own, so that a library that crashes takes nothing with it. */
export function probeInChild(
  request: ProbeRequest,
  { timeoutMs = TIMEOUT_MS, env = process.env }: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<ProbeResult> {
  const { script, execArgv } = probeScript();
  return new Promise((resolve) => {
    const child = fork(script, [], { execArgv, env, stdio: ["ignore", "ignore", "pipe", "ipc"], timeout: timeoutMs });
    let result: ProbeResult | undefined;
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-8192);
    });
    child.on("message", (message) => {
      // The child hangs up: after a disconnect on this side Node never reports "close".
      result = message as ProbeResult;
    });
    child.on("error", (error) => resolve({ ok: false, reason: error.message }));
    child.on("close", (status, signal) => resolve(result ?? { ok: false, reason: ended(status, signal, said) }));
    child.send(request);
  });
}

function ended(status: number | null, signal: NodeJS.Signals | null, said: string): string {
  const how = signal ? `the trial process was ended by ${signal}` : `the trial process ended with status ${status}`;
  return said.trim() ? `${how}: ${lastLines(said)}` : how;
}

/** The child's program: compiled beside this file, or TypeScript run by tsx while we develop. */
function probeScript(): { script: string; execArgv: string[] } {
  const self = fileURLToPath(import.meta.url);
  const script = join(dirname(self), `probe${extname(self)}`);
  if (extname(self) === ".js") return { script, execArgv: [] };
  const tsx = createRequire(import.meta.url).resolve("tsx");
  return { script, execArgv: ["--import", pathToFileURL(tsx).href] };
}
