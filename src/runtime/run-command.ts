import { spawn } from "node:child_process";

/** How a program ended, with what it wrote. */
export interface CommandResult {
  /** Exit status; undefined when a signal ended it or it could not be started. */
  readonly status: number | undefined;
  readonly stdout: string;
  /** The last 64 KB of its error output; the system's message where it could not be started. */
  readonly stderr: string;
}

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Ends the program when aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called for each whole line of its output as it comes. */
  readonly onLine?: (line: string) => void;
}

const KEPT = 64 * 1024;

/** Runs a program to its end without a shell; a failure is in the result, not thrown. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { env, signal, onLine } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, signal, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let partial = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout = (stdout + text).slice(-KEPT);
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-KEPT);
    });
    child.on("error", (error) => resolve({ status: undefined, stdout, stderr: `${stderr}${error.message}` }));
    child.on("close", (status) => resolve({ status: status ?? undefined, stdout, stderr }));
  });
}

/** The last `count` lines that are not empty, joined by " | ": enough of a program's output for one message. */
export function lastLines(text: string, count = 3): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join(" | ");
}

/** The first line of an error's message: Node adds lists of files below it. */
export function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n")[0] ?? "";
}
