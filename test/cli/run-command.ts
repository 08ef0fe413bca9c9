import { EventEmitter } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
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
  stdin: Uint8Array = new Uint8Array(0),
): Promise<CommandResult & { readonly bytes: Uint8Array }> {
  let out = "";
  let err = "";
  const signals = new EventEmitter();
  const stdout = new PassThrough();
  const bytes = buffer(stdout);
  const code = await runCli(argv, {
    stdin: Readable.from([stdin]),
    stdout,
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
  stdout.end();
  return { code, out, err, bytes: await bytes };
}
