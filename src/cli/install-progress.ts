import { SingleBar } from "cli-progress";
import type { InstallEvent } from "../runtime/index.ts";
import type { Io } from "./io.ts";

const MEGABYTE = 1e6;
/** Share of a file between two plain lines where no bar can be drawn. */
const LINE_EVERY = 0.25;

/** Shows an installation: a bar a file on a terminal, plain lines elsewhere. */
export function installProgress(io: Io): {
  readonly onEvent: (event: InstallEvent) => void;
  readonly stop: () => void;
} {
  let bar: SingleBar | undefined;
  let current = "";
  let reported = 0;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
    current = "";
  };
  const onBytes = (event: Extract<InstallEvent, { kind: "bytes" }>): void => {
    const name = `${event.step} ${event.file}`;
    const rate = `${(event.bytesPerSecond / MEGABYTE).toFixed(1)} MB/s`;
    if (name !== current) {
      stop();
      current = name;
      reported = 0;
      if (io.interactive) {
        bar = new SingleBar({
          stream: io.errStream,
          format: "  {bar} {percentage}% of {size} MB, {rate}, {eta_formatted} left  {file}",
          hideCursor: true,
        });
        bar.start(event.total, 0, { size: (event.total / MEGABYTE).toFixed(0), rate, file: event.file });
      }
    }
    bar?.update(event.done, { rate });
    if (bar === undefined && event.done / event.total >= reported + LINE_EVERY) {
      reported = Math.floor(event.done / event.total / LINE_EVERY) * LINE_EVERY;
      io.err(
        `  ${name}: ${(event.done / MEGABYTE).toFixed(0)} of ${(event.total / MEGABYTE).toFixed(0)} MB, ${rate}\n`,
      );
    }
    if (event.done >= event.total) stop();
  };
  const onEvent = (event: InstallEvent): void => {
    if (event.kind === "bytes") {
      onBytes(event);
      return;
    }
    stop();
    if (event.kind === "step") io.err(`runtime: ${event.step}: ${event.detail}\n`);
    if (event.kind === "retry") io.err(`runtime: ${event.what} again: ${event.reason}\n`);
    if (event.kind === "waiting")
      io.err(`runtime: waiting for process ${event.holder.pid} on ${event.holder.host}, which installs it already\n`);
  };
  return { onEvent, stop };
}
