import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runtimePaths } from "../../src/runtime/cache-layout.ts";
import { describeRungs, inspectRuntime, RUNTIME_KINDS } from "../../src/runtime/index.ts";
import { packagePlace } from "../../src/runtime/open-native.ts";
import { thisPlatform } from "../../src/runtime/platform.ts";
import { writeReadyMarker } from "../../src/runtime/ready-marker.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

describe("inspectRuntime", () => {
  it("tries every rung, and native works here", async () => {
    const reports = await inspectRuntime();
    expect(reports.map(({ kind }) => kind)).toEqual(RUNTIME_KINDS);
    expect(reports[1]).toMatchObject({ usable: true, libraryVersion: expect.stringMatching(/^2\./) });
    expect(reports.slice(2)).toMatchObject([
      { usable: true, libraryVersion: "4.22.0", device: expect.stringContaining("WebAssembly") },
      { usable: true, libraryVersion: "4.22.0", device: expect.stringContaining("JavaScript") },
    ]);
  });

  it.skipIf(packagePlace())("says what is damaged and how to mend it, without loading it", async () => {
    const cache = temporaryFolder();
    const { root, key } = runtimePaths(thisPlatform(), "cpu", { TWINSTILL_CACHE: cache });
    mkdirSync(join(root, "addon"), { recursive: true });
    writeFileSync(join(root, "addon", "tfjs_binding.node"), "addon");
    await writeReadyMarker(root, { key, tensorflow: "2.21.0", variant: "cpu", compiler: "c++" });
    writeFileSync(join(root, "addon", "tfjs_binding.node"), "nodda");
    const reports = await inspectRuntime({ env: { ...process.env, TWINSTILL_CACHE: cache } });
    expect(reports[1]).toEqual({
      kind: "native-cpu",
      usable: false,
      reason: expect.stringMatching(
        /^the installed files are damaged: addon\/tfjs_binding\.node has SHA-256 \w{64} in place of \w{64}$/,
      ),
      remedy: "npx twinstill runtime install",
    });
    expect(describeRungs(reports).join("\n")).toMatch(
      /native-cpu {2}not usable {2}the installed files are damaged.*\n {12}to mend it {2}npx twinstill runtime install\nwasm {8}usable/,
    );
  });
});
