import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { runCli } from "../../src/cli/cli.ts";

/** What a command line printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line in this process. `onErr` sees progress lines, and may send a signal. */
export async function runCommand(
  argv: readonly string[],
  onErr: (text: string, signal: (name: "SIGINT" | "SIGTERM") => void) => void = () => {},
): Promise<CommandResult> {
  let out = "";
  let err = "";
  const signals = new EventEmitter();
  const code = await runCli(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
      onErr(text, (name) => signals.emit("signal", name));
    },
    interactive: false,
    errStream: new PassThrough(),
    onSignal: (stop) => {
      signals.once("signal", stop);
      return () => signals.off("signal", stop);
    },
  });
  return { code, out, err };
}
