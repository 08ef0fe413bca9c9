import type { Readable, Writable } from "node:stream";

/** Where a command writes and what it is asked to stop by. */
export interface Io {
  /** Bytes that a command reads where it is a filter, and writes. */
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** Results: text that another program may read. */
  readonly out: (text: string) => void;
  /** Progress and messages. */
  readonly err: (text: string) => void;
  /** Progress bars may be drawn on stderr. */
  readonly interactive: boolean;
  /** The stream that bars are drawn on. */
  readonly errStream: NodeJS.WritableStream;
  /** Calls `stop` at the first SIGINT or SIGTERM; returns the function that stops listening. */
  readonly onSignal: (stop: (signal: "SIGINT" | "SIGTERM") => void) => () => void;
}

export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY === true && process.env.CI === undefined,
    errStream: process.stderr,
    onSignal: (stop) => {
      const onInterrupt = (): void => stop("SIGINT");
      const onTerminate = (): void => stop("SIGTERM");
      process.once("SIGINT", onInterrupt);
      process.once("SIGTERM", onTerminate);
      return () => {
        process.off("SIGINT", onInterrupt);
        process.off("SIGTERM", onTerminate);
      };
    },
  };
}

/** Exit codes of every command. */
export const ExitCode = { ok: 0, bug: 1, config: 2, data: 3, interrupted: 130, terminated: 143 } as const;
