import { ExitCode, type Io } from "./io.ts";

/** What asks a command to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

/** Does work that a signal asks to stop: the first one aborts it. */
export async function untilSignal<T>(
  io: Io,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly result: T; readonly signal: StopSignal | undefined }> {
  const stop = new AbortController();
  let signal: StopSignal | undefined;
  const unlisten = io.onSignal((name) => {
    signal = name;
    stop.abort();
  });
  try {
    return { result: await work(stop.signal), signal };
  } finally {
    unlisten();
  }
}

/** Goes through the notices of a job, one after the other. @returns what the job does. */
export async function showAll<N, R>(notices: AsyncGenerator<N, R>, show: (notice: N) => void): Promise<R> {
  for (;;) {
    const { value, done } = await notices.next();
    if (done) return value;
    show(value);
  }
}

/** The exit code of a command that was stopped. */
export const stoppedCode = (signal: StopSignal | undefined): number =>
  signal === "SIGTERM" ? ExitCode.terminated : ExitCode.interrupted;
