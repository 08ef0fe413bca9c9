import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { unpackArchive } from "../../src/runtime/unpack-archive.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { makeTinyWheel } from "./fixtures/tiny-wheel.ts";

const python = "python3";

it("keeps the wanted members of a wheel, their mode, and reports the bytes", async () => {
  const folder = temporaryFolder();
  const { file } = makeTinyWheel(folder, 9_000_000);
  const out = join(folder, "out");
  const reported: number[] = [];
  const done = await unpackArchive(join(folder, file), out, {
    python,
    prefixes: ["tiny/"],
    without: ["/include/"],
    onBytes: (bytes) => reported.push(bytes),
  });
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(["tiny", "tiny/lib.so", "tiny/tool"]);
  expect(statSync(join(out, "tiny/tool")).mode & 0o777).toBe(0o755);
  expect(statSync(join(out, "tiny/lib.so")).mode & 0o111).toBe(0);
  expect(done).toBe(9_000_000 + "#!/bin/sh\n".length);
  expect(reported).toEqual([10 + (1 << 22), 10 + 2 * (1 << 22), done]);
});

it("takes the leading folder off an npm tarball", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "package/dist"), { recursive: true });
  writeFileSync(join(folder, "package/dist/a.js"), "a");
  writeFileSync(join(folder, "package/dist/a_test.js"), "t");
  writeFileSync(join(folder, "package/package.json"), "{}");
  execFileSync("tar", ["czf", "p.tgz", "package"], { cwd: folder });
  const out = join(folder, "out");
  await unpackArchive(join(folder, "p.tgz"), out, {
    python,
    prefixes: ["package/dist/"],
    without: ["_test.js"],
    strip: "package/",
  });
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(["dist", "dist/a.js"]);
  expect(readFileSync(join(out, "dist/a.js"), "utf8")).toBe("a");
});

it("names the archive that cannot be read", async () => {
  const folder = temporaryFolder();
  const { file, bytes } = makeTinyWheel(folder);
  truncateSync(join(folder, file), bytes - 100);
  const broken = unpackArchive(join(folder, file), join(folder, "out"), { python, prefixes: ["tiny/"] });
  await expect(broken).rejects.toThrow(
    `installRuntime: ${join(folder, file)} must unpack into ${join(folder, "out")}, got: zipfile.BadZipFile`,
  );
});
