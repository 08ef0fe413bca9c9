import type { FileLayer, OpenFile } from "../../src/files/file-layer.ts";

/** What a machine does at operation n: fail that one, or stop for good in the middle of it. */
export type Failure = { readonly at: number; readonly kind: "fails" | "dies" };

/** A file layer that counts its operations and breaks at the n-th (from 1); `names` says what each one was; a dying one writes half of what it was given. */
export function failingFiles(
  base: FileLayer,
  failure: Failure,
): { files: FileLayer; operations: () => number; names: readonly string[] } {
  let count = 0;
  const names: string[] = [];
  const step = async <T>(
    name: string,
    operation: () => Promise<T>,
    half: () => Promise<unknown> = async () => {},
  ): Promise<T> => {
    count++;
    names.push(name);
    if (count < failure.at || (count > failure.at && failure.kind === "fails")) return operation();
    if (count === failure.at) await half();
    throw new Error(`operation ${count} ${failure.kind}`);
  };
  const breaking = (file: OpenFile): OpenFile => ({
    read: (target, position) => step("read", () => file.read(target, position)),
    write: (bytes) =>
      step(
        "write",
        () => file.write(bytes),
        () => file.write(bytes.subarray(0, bytes.byteLength >> 1)),
      ),
    size: () => step("size", () => file.size()),
    truncate: (bytes) => step("truncate", () => file.truncate(bytes)),
    sync: () => step("sync", () => file.sync()),
    close: () => file.close(), // a dead process's files are closed for it
  });
  const files: FileLayer = {
    open: (path, mode) => step("open", async () => breaking(await base.open(path, mode))),
    rename: (from, to) => step("rename", () => base.rename(from, to)),
    remove: (path) => step("remove", () => base.remove(path)),
    makeFolder: (path) => step("makeFolder", () => base.makeFolder(path)),
    list: (path) => step("list", () => base.list(path)),
    exists: (path) => step("exists", () => base.exists(path)),
    syncFolder: (path) => step("syncFolder", () => base.syncFolder(path)),
  };
  return { files, operations: () => count, names };
}
