// Disks that are full, slow, or gone.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { type FileLayer, nodeFiles } from "../../src/files/file-layer.ts";
import { finishRun, nativeEngine, writeSmallRun } from "../run/small-run.ts";
import { folderContents } from "./folder-contents.ts";

let folder: string;
let config: string;
const SETS = ["train.epochs=2", "train.batchSize=200", "train.checkpointEvery=1", "train.keepLast=9"];
const run = (out: string, files: FileLayer, more: { readonly resume?: boolean; readonly pauseAfter?: number } = {}) =>
  finishRun(config, out, { sets: SETS, files, ...more });
beforeAll(async () => {
  await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-disk-"));
  config = writeSmallRun(join(folder, "config"));
  await run(join(folder, "whole"), nodeFiles);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The real layer, but for what happens before each write under `place`. */
function beforeWrites(place: string, action: () => Promise<void>): FileLayer {
  return {
    ...nodeFiles,
    open: async (path, mode) => {
      const file = await nodeFiles.open(path, mode);
      if (!path.includes(place)) return file;
      const write = async (bytes: Uint8Array): Promise<void> => {
        await action();
        return file.write(bytes);
      };
      return { ...file, write };
    },
  };
}

describe("a full disk", () => {
  it.runIf(process.platform === "linux")("is named with the path and what was wanted of it", async () => {
    const file = await nodeFiles.open("/dev/full", "append");
    const full = file.write(new Uint8Array(100));
    await expect(full).rejects.toThrow(DataError);
    await expect(full).rejects.toThrow("/dev/full: file must take 100 bytes more, got ENOSPC: no space left on device");
    await file.close();
  });

  it("keeps the checkpoints before, and the run goes on from them when there is room", async () => {
    const out = join(folder, "full");
    const full = beforeWrites("step-00000003", async () => {
      throw new DataError("no room");
    });
    await expect(run(out, full)).rejects.toThrow("no room");
    const kept = folderContents(out);
    expect(kept["checkpoints/latest"]).toBe("step-00000002\n");
    expect(Object.keys(kept).filter((name) => name.includes(".tmp"))).toEqual([]);
    await run(out, nodeFiles, { resume: true });
    expect(folderContents(out)).toEqual(folderContents(join(folder, "whole")));
  });
});

describe("a folder that vanishes", () => {
  it("ends the run with an error that names a path in it", async () => {
    const out = join(folder, "vanished");
    const gone = beforeWrites("step-00000002", async () => rmSync(out, { recursive: true, force: true }));
    const failed = run(out, gone);
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(out);
  });
});

describe("a slow disk", () => {
  it("changes no bit", async () => {
    const out = join(folder, "slow");
    await run(
      out,
      beforeWrites("checkpoints", () => sleep(5)),
    );
    expect(folderContents(out)).toEqual(folderContents(join(folder, "whole")));
  });
});

describe("a read-only folder", () => {
  it.runIf(process.platform === "linux").each(["/proc/twinstill-run", "/sys/twinstill-run"])(
    "is named when a run is to begin there: %s",
    async (out) => {
      const failed = run(out, nodeFiles);
      await expect(failed).rejects.toThrow(DataError);
      await expect(failed).rejects.toThrow(
        new RegExp(`^${out}: file must be a folder or free for one, got (EPERM|EACCES|EROFS|ENOENT): `),
      );
    },
  );

  it("ends a run that goes on there with an error that names a path in it, and leaves it as it was", async () => {
    const out = join(folder, "read-only");
    await run(out, nodeFiles, { pauseAfter: 1 });
    const before = folderContents(out);
    const refuse = (path: string) => (): never => {
      throw new DataError(`${path}: file must be writable, got EROFS: read-only file system`);
    };
    const readOnly: FileLayer = {
      ...nodeFiles,
      open: async (path, mode) => (mode === "read" ? nodeFiles.open(path, mode) : refuse(path)()),
      rename: async (path) => refuse(path)(),
      remove: async (path) => ((await nodeFiles.exists(path)) ? refuse(path)() : undefined),
      makeFolder: async (path) => ((await nodeFiles.exists(path)) ? undefined : refuse(path)()),
    };
    await expect(run(out, readOnly, { resume: true })).rejects.toThrow(
      /read-only\/\S+: file must be writable, got EROFS/,
    );
    expect(folderContents(out)).toEqual(before);
    await run(out, nodeFiles, { resume: true });
    expect(folderContents(out)).toEqual(folderContents(join(folder, "whole")));
  });
});

describe("a folder that cannot be made", () => {
  it("is named", async () => {
    const file = join(config, "run"); // below a file
    await expect(run(file, nodeFiles)).rejects.toThrow(
      /run\.yaml\/run: file must be a folder or free for one, got ENOTDIR/,
    );
    expect(readFileSync(config, "utf8")).toContain("seed: 3");
  });
});
