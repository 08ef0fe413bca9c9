import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { DataError } from "../../src/errors.ts";
import { type FileLayer, nodeFiles } from "../../src/files/file-layer.ts";
import { filesWithin } from "../../src/files/files-within.ts";
import { temporaryFolder } from "../run/formats/temporary-folder.ts";

const folder = temporaryFolder();
let count = 0;
let root: string;
let outside: string;
let files: FileLayer;
beforeEach(() => {
  root = join(folder, `root-${++count}`);
  outside = join(folder, `outside-${count}`);
  for (const place of [root, outside]) mkdirSync(place);
  writeFileSync(join(root, "own"), "own");
  writeFileSync(join(outside, "secret"), "secret");
  files = filesWithin(root, nodeFiles);
});

/** Every operation on a path, by name. */
const operations = (path: string): Readonly<Record<string, () => Promise<unknown>>> => ({
  read: () => files.open(path, "read"),
  append: () => files.open(path, "append"),
  create: () => files.open(path, "create"),
  list: () => files.list(path),
  exists: () => files.exists(path),
  makeFolder: () => files.makeFolder(join(path, "new")),
  removeIn: () => files.remove(join(path, "secret")),
  renameInto: () => files.rename(join(root, "own"), join(path, "own")),
  renameOutOf: () => files.rename(join(path, "secret"), join(root, "stolen")),
  syncFolder: () => files.syncFolder(path),
});

async function expectRefused(path: string, message: string): Promise<void> {
  for (const [name, operation] of Object.entries(operations(path))) {
    await expect(operation(), name).rejects.toThrow(DataError);
    await expect(operation(), name).rejects.toThrow(message);
  }
  expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
  expect(readFileSync(join(root, "own"), "utf8")).toBe("own");
}

describe("filesWithin", () => {
  it("refuses paths and links that lead out of the folder, for every operation", async () => {
    await expectRefused(join(root, "..", `outside-${count}`), `must lie in ${root}, got a path out of it`);
    await expectRefused(outside, `must lie in ${root}, got a path out of it`);
    symlinkSync(outside, join(root, "away"));
    await expectRefused(
      join(root, "away"),
      `${join(root, "away")}: file must lie in ${root}, got a link to ${outside}`,
    );
    symlinkSync(join("..", `outside-${count}`), join(root, "relative"));
    await expectRefused(join(root, "relative"), `got a link to ${outside}`);
    symlinkSync(join(root, "away"), join(root, "twice"));
    await expectRefused(join(root, "twice"), `got a link to ${outside}`);
  });

  it("makes no file through a link to what is not there", async () => {
    symlinkSync(join(outside, "new"), join(root, "log"));
    await expect(files.open(join(root, "log"), "append")).rejects.toThrow("got a link to what is not there");
    await expect(nodeFiles.exists(join(outside, "new"))).resolves.toBe(false);
  });

  it("removes and replaces a link itself, not what it leads to", async () => {
    symlinkSync(join(outside, "secret"), join(root, "link"));
    await files.rename(join(root, "own"), join(root, "link"));
    expect(readFileSync(join(root, "link"), "utf8")).toBe("own");
    symlinkSync(outside, join(root, "away"));
    await files.remove(join(root, "away"));
    expect(readFileSync(join(outside, "secret"), "utf8")).toBe("secret");
  });

  it("works in a folder that is a link itself, through links within it, and before it is there", async () => {
    const link = join(folder, `link-${count}`);
    symlinkSync(root, link);
    files = filesWithin(link, nodeFiles);
    mkdirSync(join(root, "sub"));
    symlinkSync("sub", join(root, "same"));
    await files.makeFolder(join(link, "same", "deep"));
    expect(await files.list(join(link, "sub"))).toEqual(["deep"]);
    const later = join(folder, `later-${count}`);
    files = filesWithin(later, nodeFiles);
    await files.makeFolder(join(later, "a"));
    expect(await files.exists(join(later, "a"))).toBe(true);
  });
});
