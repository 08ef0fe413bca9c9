import { spawn } from "node:child_process";

/**
 * Runs a program to its end.
 *
 * @returns undefined where it ended well, else the last lines that it wrote to stderr.
 */
export function runProcess(
  [file, ...args]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(file!, args, {
      stdio: ["ignore", "ignore", "pipe"],
      ...(signal && { signal, killSignal: "SIGTERM" }),
    });
    let tail = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      tail = (tail + text).slice(-2000);
    });
    // A process that was asked to stop writes a checkpoint first: it is over when it has closed.
    child.on("error", (error) => {
      if (error.name !== "AbortError") resolve(error.message);
    });
    child.on("close", (code) => resolve(code === 0 ? undefined : `exit code ${code}: ${tail.trim()}`));
  });
}
