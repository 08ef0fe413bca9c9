import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError, DataError } from "../../src/errors.ts";
import type { InstallEvent } from "../../src/runtime/install-events.ts";
import { downloadWheel } from "../../src/runtime/wheel-download.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";
import { makeTinyWheel } from "./fixtures/tiny-wheel.ts";

// pip itself runs here, on a folder of wheels in place of an index.
function setting() {
  const base = temporaryFolder();
  const index = join(base, "index");
  const folder = join(base, "downloads");
  mkdirSync(index);
  const pin = makeTinyWheel(index);
  const events: InstallEvent[] = [];
  const options = {
    python: "python3",
    folder,
    onEvent: (event: InstallEvent) => void events.push(event),
    env: { ...process.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: index },
  };
  return { pin, index, folder, events, options, kinds: () => events.map(({ kind }) => kind) };
}

describe("downloadWheel", () => {
  it("fetches a wheel, reports its bytes and leaves nothing else behind", async () => {
    const { pin, index, folder, events, options } = setting();
    const path = await downloadWheel(pin, options);
    expect(readFileSync(path).equals(readFileSync(join(index, pin.file)))).toBe(true);
    expect(readdirSync(folder)).toEqual([pin.file]);
    expect(events[0]).toEqual({ kind: "step", step: "download", detail: pin.file });
    expect(events.at(-1)).toMatchObject({ kind: "bytes", file: pin.file, done: pin.bytes, total: pin.bytes });
  });

  it("takes a good wheel that is there, without pip", async () => {
    const { pin, index, folder, events, options } = setting();
    mkdirSync(folder);
    copyFileSync(join(index, pin.file), join(folder, pin.file));
    await expect(downloadWheel(pin, { ...options, python: "no-such-python" })).resolves.toBe(join(folder, pin.file));
    expect(events).toEqual([]);
  });

  it("fetches a half wheel again", async () => {
    const { pin, index, folder, events, options } = setting();
    mkdirSync(folder);
    copyFileSync(join(index, pin.file), join(folder, pin.file));
    truncateSync(join(folder, pin.file), 1000);
    const path = await downloadWheel(pin, options);
    expect(readFileSync(path).equals(readFileSync(join(index, pin.file)))).toBe(true);
    const reason = `the earlier download has 1000 bytes in place of ${pin.bytes}`;
    expect(events[0]).toEqual({ kind: "retry", what: pin.file, reason });
  });

  it("fetches a spoilt wheel of the right size again", async () => {
    const { pin, index, folder, events, options } = setting();
    mkdirSync(folder);
    writeFileSync(join(folder, pin.file), Buffer.alloc(pin.bytes));
    const path = await downloadWheel(pin, options);
    expect(readFileSync(path).equals(readFileSync(join(index, pin.file)))).toBe(true);
    expect(events[0]).toMatchObject({ kind: "retry", reason: expect.stringContaining("SHA-256") });
  });

  it("refuses what is not the pinned file after three tries, and keeps none of it", async () => {
    const { pin, folder, options, kinds } = setting();
    const other = { ...pin, sha256: "0".repeat(64) };
    const error = await downloadWheel(other, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toBe(
      `installRuntime: ${pin.file} must have ${pin.bytes} bytes and SHA-256 ${other.sha256}, got SHA-256 ${pin.sha256} in ` +
        `place of ${other.sha256} in 3 downloads; put ${pin.file} (SHA-256 ${other.sha256}) into ${folder} by other means and try again`,
    );
    expect(kinds().filter((kind) => kind === "retry")).toHaveLength(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says what to do where pip finds no such wheel, at once", async () => {
    const { pin, index, folder, options, kinds } = setting();
    const absent = { ...pin, version: "9.9", file: "tiny-9.9-py3-none-any.whl" };
    const error = await downloadWheel(absent, options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toMatch(
      /^installRuntime: pip must reach a package index that has tiny==9\.9, got: /,
    );
    expect((error as Error).message).toContain(`or put ${absent.file} (SHA-256 ${pin.sha256}) into ${folder}`);
    expect(kinds()).toEqual(["step"]);
    expect(existsSync(index)).toBe(true);
  });

  it("clears what killed downloads left a day ago, and nothing younger", async () => {
    const { pin, folder, options } = setting();
    for (const name of [".pip-old", ".pip-young"]) mkdirSync(join(folder, name), { recursive: true });
    const before = new Date(Date.now() - 25 * 3600 * 1000);
    utimesSync(join(folder, ".pip-old"), before, before);
    await downloadWheel(pin, options);
    expect(readdirSync(folder).sort()).toEqual([".pip-young", pin.file]);
  });

  it("stops when aborted", async () => {
    const { pin, folder, options } = setting();
    const aborted = downloadWheel(pin, { ...options, signal: AbortSignal.timeout(50) });
    await expect(aborted).rejects.toThrow(/timeout/i);
    expect(readdirSync(folder)).toEqual([]);
  });
});
