import type { LockHolder } from "../files/file-lock.ts";

/** What an installation does, in order. */
export type InstallStep = "check" | "download" | "unpack" | "packages" | "compile" | "verify";

/** News of an installation. */
export type InstallEvent =
  /** A step begins; `detail` says on what. */
  | { readonly kind: "step"; readonly step: InstallStep; readonly detail: string }
  /** Bytes of one file that are downloaded or unpacked; `bytesPerSecond` is the mean since the file was begun. */
  | {
      readonly kind: "bytes";
      readonly step: "download" | "unpack";
      readonly file: string;
      readonly done: number;
      readonly total: number;
      readonly bytesPerSecond: number;
    }
  /** Something was found broken and is fetched or made again. */
  | { readonly kind: "retry"; readonly what: string; readonly reason: string }
  /** Another process installs the same runtime; its result is awaited. */
  | { readonly kind: "waiting"; readonly holder: LockHolder };

export type OnInstallEvent = (event: InstallEvent) => void;

/** A reporter of bytes that knows when its file was begun. */
export function byteReporter(
  step: "download" | "unpack",
  { file, total, onEvent }: { file: string; total: number; onEvent: OnInstallEvent },
): (done: number) => void {
  const begun = performance.now();
  return (done) => {
    const seconds = (performance.now() - begun) / 1000;
    onEvent({ kind: "bytes", step, file, done, total, bytesPerSecond: seconds > 0 ? done / seconds : 0 });
  };
}
