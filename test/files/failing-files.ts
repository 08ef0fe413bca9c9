import type { FileLayer, OpenFile } from "../../src/files/file-layer.ts";

/** What a machine does at operation n: fail that one, or stop for good in the middle of it. */
export type Failure = { readonly at: number; readonly kind: "fails" | "dies" };

/** A file layer that counts its operations and breaks at the n-th (from 1); a dying one writes half of what it was given. */
export function failingFiles(base: FileLayer, failure: Failure): { files: FileLayer; operations: () => number } {
  let count = 0;
  const step = async <T>(operation: () => Promise<T>, half: () => Promise<unknown> = async () => {}): Promise<T> => {
    count++;
    if (count < failure.at || (count > failure.at && failure.kind === "fails")) return operation();
    if (count === failure.at) await half();
    throw new Error(`operation ${count} ${failure.kind}`);
  };
  const breaking = (file: OpenFile): OpenFile => ({
    read: (target, position) => step(() => file.read(target, position)),
    write: (bytes) =>
      step(
        () => file.write(bytes),
        () => file.write(bytes.subarray(0, bytes.byteLength >> 1)),
      ),
    size: () => step(() => file.size()),
    truncate: (bytes) => step(() => file.truncate(bytes)),
    sync: () => step(() => file.sync()),
    close: () => file.close(), // a dead process's files are closed for it
  });
  const files: FileLayer = {
    open: (path, mode) => step(async () => breaking(await base.open(path, mode))),
    rename: (from, to) => step(() => base.rename(from, to)),
    remove: (path) => step(() => base.remove(path)),
    makeFolder: (path) => step(() => base.makeFolder(path)),
    list: (path) => step(() => base.list(path)),
    exists: (path) => step(() => base.exists(path)),
    syncFolder: (path) => step(() => base.syncFolder(path)),
  };
  return { files, operations: () => count };
}
