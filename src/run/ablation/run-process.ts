import { spawn } from "node:child_process";

/**
 * Runs one command of twinstill (`["train", "--config", ...]`) to its end, or until the signal stops it.
 *
 * @returns undefined where it ended well, else why not.
 */
export type RunCommand = (args: readonly string[], signal: AbortSignal | undefined) => Promise<string | undefined>;

/**
 * Runs each command as a process of its own; where one fails, the last lines that it wrote to stderr say why.
 *
 * @param program - what runs twinstill: `["node", ".../main.js"]`.
 */
export function inProcesses(program: readonly string[]): RunCommand {
  return (args, signal) => runProcess([...program, ...args], signal);
}

function runProcess([file, ...args]: readonly string[], signal: AbortSignal | undefined): Promise<string | undefined> {
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
