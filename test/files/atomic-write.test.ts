import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { removeTemporaryFiles, writeAtomically, writeTextAtomically } from "../../src/files/atomic-write.ts";
import { nodeFiles } from "../../src/files/file-layer.ts";
import { temporaryFolder } from "../run/formats/temporary-folder.ts";
import { failingFiles } from "./failing-files.ts";

const folder = temporaryFolder();

describe("writeAtomically", () => {
  it("writes the pieces in order and leaves nothing else behind", async () => {
    const place = join(folder, "pieces");
    mkdirSync(place);
    await writeAtomically(join(place, "a"), async (write) => {
      await write(Buffer.from("one "));
      await write(Buffer.from("two"));
    });
    expect(readFileSync(join(place, "a"), "utf8")).toBe("one two");
    await writeTextAtomically(join(place, "a"), "größer");
    expect(readFileSync(join(place, "a"), "utf8")).toBe("größer");
    expect(readdirSync(place)).toEqual(["a"]);
  });

  it.each(["fails", "dies"] as const)("leaves the old file or the new one where operation n %s", async (kind) => {
    const outcomes: string[] = [];
    for (let at = 1; ; at++) {
      const place = join(folder, `${kind}-${at}`);
      mkdirSync(place);
      const path = join(place, "file");
      writeFileSync(path, "old");
      const { files, operations } = failingFiles(nodeFiles, { at, kind });
      const done = await writeTextAtomically(path, "the new text", { files }).then(
        () => true,
        () => false,
      );
      const text = readFileSync(path, "utf8");
      expect(["old", "the new text"]).toContain(text);
      outcomes.push(`${done ? "done" : "error"}: ${text}`);
      const left = await removeTemporaryFiles(place);
      if (kind === "fails") expect(left).toEqual([]);
      expect(readdirSync(place)).toEqual(["file"]);
      if (operations() < at) break;
    }
    expect(outcomes).toEqual([
      "error: old", // open
      "error: old", // write
      "error: old", // sync
      "error: old", // rename
      "error: the new text", // sync of the folder: in place, but perhaps not for good
      "done: the new text",
    ]);
  });

  it("keeps the old file when the writer itself throws", async () => {
    const path = join(folder, "kept");
    await writeTextAtomically(path, "old");
    const failed = writeAtomically(path, async (write) => {
      await write(Buffer.from("half"));
      throw new Error("no more numbers");
    });
    await expect(failed).rejects.toThrow("no more numbers");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("names the path and the reason", async () => {
    const path = join(folder, "nowhere", "file");
    await expect(writeTextAtomically(path, "x")).rejects.toThrow(
      /nowhere\/\.file\..*\.tmp: file must be there to create, got ENOENT/,
    );
  });

  it("removes only temporary files of its own kind", async () => {
    const place = join(folder, "mixed");
    mkdirSync(place);
    for (const name of ["a.tmp", ".hidden", ".a.0123456789ab.tmp", ".b.tmp"]) writeFileSync(join(place, name), "");
    expect(await removeTemporaryFiles(place)).toEqual([".a.0123456789ab.tmp"]);
    expect(readdirSync(place).sort()).toEqual([".b.tmp", ".hidden", "a.tmp"]);
  });
});
