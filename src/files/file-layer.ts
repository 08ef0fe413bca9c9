// Every file that a run writes passes through this small record of functions, so that a test can make the n-th of
// them fail and see what is left on disk.
import { constants } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DataError } from "../errors.ts";

/** An open file. */
export interface OpenFile {
  /** Reads into `target` from byte `position` on until it is full or the file ends. @returns bytes read. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes all bytes at the end (of what was written so far). */
  write(bytes: Uint8Array): Promise<void>;
  /** Size in bytes. */
  size(): Promise<number>;
  /** Cuts the file to `bytes`. */
  truncate(bytes: number): Promise<void>;
  /** Returns when everything written is on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** How a file is opened: to read; new, to write (it must not exist); to write at the end of what it may hold. */
export type OpenMode = "read" | "create" | "append";

/** The operations on files that a run needs. */
export interface FileLayer {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** Replaces `to` in one step. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file or folder; nothing to remove is no error. */
  remove(path: string): Promise<void>;
  /** Makes a folder and its parents. */
  makeFolder(path: string): Promise<void>;
  /** Names in a folder, sorted. */
  list(path: string): Promise<string[]>;
  exists(path: string): Promise<boolean>;
  /** Returns when the folder's entries (renames, new files) are on the disk. */
  syncFolder(path: string): Promise<void>;
}

/**
 * The real file system. Its errors are DataErrors that name the path and what was wanted.
 * @throws {DataError} from every function: no such file, no space, no permission ...
 */
export const nodeFiles: FileLayer = {
  open: (path, mode) => naming(path, `be there to ${mode}`, () => openFile(path, mode)),
  rename: (from, to) => naming(from, `be movable to ${to}`, () => rename(from, to)),
  remove: (path) => naming(path, "be removable", () => rm(path, { recursive: true, force: true })),
  makeFolder: (path) => naming(path, "be a folder or free for one", () => makeFolders(path)),
  list: (path) => naming(path, "be a readable folder", async () => (await readdir(path)).sort()),
  exists: (path) =>
    stat(path).then(
      () => true,
      () => false,
    ),
  syncFolder: (path) => naming(path, "be a folder that can be synced", () => syncFolder(path)),
};

/** A pipe would be waited for, and a device has no end: without blocking, both are opened, and then refused. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
const FLAGS = { read: READ, create: "wx+", append: "a+" } as const;

async function openFile(path: string, mode: OpenMode): Promise<OpenFile> {
  const handle = await open(path, FLAGS[mode]);
  if (mode === "read" && !(await handle.stat()).isFile()) {
    await handle.close();
    throw new Error("what is no file: a folder, pipe or device");
  }
  return {
    read: (target, position) => naming(path, "be readable", () => readFully(handle, target, position)),
    write: (bytes) => naming(path, `take ${bytes.byteLength} bytes more`, () => handle.writeFile(bytes)),
    size: () => naming(path, "have a size", async () => (await handle.stat()).size),
    truncate: (bytes) => naming(path, "be writable", () => handle.truncate(bytes)),
    sync: () => naming(path, "be written to the disk", () => handle.sync()),
    close: () => naming(path, "be closable", () => handle.close()),
  };
}

/** One read call of the system takes less than 2 GiB. */
const READ_BYTES = 2 ** 28;

async function readFully(
  handle: Awaited<ReturnType<typeof open>>,
  target: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < target.byteLength) {
    const length = Math.min(READ_BYTES, target.byteLength - done);
    const { bytesRead } = await handle.read(target, done, length, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Node's own recursive mkdir asks for ever where a parent is there and takes no folder, as /proc does. */
async function makeFolders(path: string): Promise<void> {
  const first = await mkdir(path).catch((error: NodeJS.ErrnoException) => error);
  if (first === undefined || (await isFolder(path))) return;
  if (first.code !== "ENOENT" || dirname(path) === path) throw first;
  if (!(await isFolder(dirname(path)))) await makeFolders(dirname(path));
  const second = await mkdir(path).catch((error: Error) => error);
  if (second !== undefined && !(await isFolder(path))) throw second;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there; the file system keeps its own journal
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

async function naming<T>(path: string, rule: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new DataError(`${path}: file must ${rule}, got ${message}`, { cause: error });
  }
}
