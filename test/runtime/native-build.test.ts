import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileAddons } from "../../src/runtime/compile-addon.ts";
import { installRuntime } from "../../src/runtime/index.ts";
import { thisPlatform } from "../../src/runtime/platform.ts";
import { probeInChild } from "../../src/runtime/probe-in-child.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

describe("compileAddons", () => {
  it("passes on the compiler's last words", async () => {
    const root = temporaryFolder();
    // The muting addon compiles; tfjs-node-gpu's sources are not there.
    await expect(compileAddons(root, { compiler: "c++" })).rejects.toThrow(
      /^installRuntime: c\+\+ must compile the addon as C\+\+17, got: .*(no input files|No such file).*; a compiler such as g\+\+ 9/,
    );
    await expect(compileAddons(root, { compiler: "no-such-compiler" })).rejects.toThrow(
      "spawn no-such-compiler ENOENT",
    );
  });
});

describe("probeInChild", () => {
  it("reports an addon that does not load", async () => {
    const root = temporaryFolder();
    const folder = join(root, "node_modules/@tensorflow/tfjs-node-gpu");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"version": "4.21.0"}');
    expect(await probeInChild({ root })).toEqual({
      ok: false,
      reason: "tfjs-node-gpu and tfjs must both be 4.22.0, got 4.21.0 and 4.22.0",
    });
  });

  it("reports a process that dies instead of answering", async () => {
    const env = { ...process.env, NODE_OPTIONS: "--require /no/such/file.cjs" };
    expect(await probeInChild({ kind: "cpu" }, { env })).toEqual({
      ok: false,
      reason: expect.stringMatching(/^the trial process ended with status 1: /),
    });
    expect(await probeInChild({ kind: "cpu" }, { timeoutMs: 50 })).toEqual({
      ok: false,
      reason: "the trial process was ended by SIGTERM",
    });
  });
});

describe("installRuntime", () => {
  it("finds the installed runtime whole, and does nothing", async () => {
    const events: string[] = [];
    const found = await installRuntime({ variant: "cpu", onEvent: ({ kind }) => events.push(kind) });
    expect(found).toMatchObject({ variant: "cpu", reused: true, libraryVersion: "2.21.0" });
    expect(found.bytes).toBeGreaterThan(8e8);
    expect(events).toEqual(["step"]);
  });

  it.runIf(thisPlatform().arch === "x64")("asks for tools before it fetches anything", async () => {
    const cache = temporaryFolder();
    const failing = installRuntime({ variant: "cpu", env: { TWINSTILL_CACHE: cache, PATH: cache } });
    await expect(failing).rejects.toThrow("got no Python 3, no pip for Python 3, no C++ compiler");
  });
});
