import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkChecksums, checkSizes, writeReadyMarker } from "../../src/runtime/ready-marker.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

const facts = { key: "k", tensorflow: "2.21.0", variant: "cpu", compiler: "c++ 12" } as const;

async function installed(): Promise<string> {
  const root = join(temporaryFolder(), "runtime");
  mkdirSync(join(root, "tensorflow"), { recursive: true });
  writeFileSync(join(root, "tensorflow/lib.so"), "library");
  writeFileSync(join(root, "addon.node"), "addon");
  await writeReadyMarker(root, facts);
  return root;
}

describe("the ready marker", () => {
  it("holds the facts and the digest of each file", async () => {
    const root = await installed();
    const found = await checkChecksums(root);
    expect(found).toEqual({
      state: "ready",
      marker: {
        ...facts,
        files: {
          // printf addon | sha256sum; printf library | sha256sum
          "addon.node": { bytes: 5, sha256: "613c3abf0f077f31505d3c8cc0fed9a94a49cf025af3e604c4d38259c1cdf4c7" },
          "tensorflow/lib.so": { bytes: 7, sha256: "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c" },
        },
      },
    });
    expect(checkSizes(root)).toEqual(found);
  });

  it("tells absent from unfinished", async () => {
    expect(checkSizes(join(temporaryFolder(), "none"))).toEqual({ state: "absent" });
    const root = await installed();
    rmSync(join(root, "READY.json"));
    expect(checkSizes(root)).toEqual({ state: "broken", reason: "READY.json is missing" });
  });

  it.each(["", "{", '{"key": 1}'])("does not trust a marker of %j", async (text) => {
    const root = await installed();
    writeFileSync(join(root, "READY.json"), text);
    expect(checkSizes(root)).toEqual({ state: "broken", reason: "READY.json cannot be read" });
  });

  it("finds a missing and a grown file by their sizes", async () => {
    const root = await installed();
    appendFileSync(join(root, "tensorflow/lib.so"), "!");
    const grown = { state: "broken", reason: "tensorflow/lib.so has 8 bytes in place of 7" };
    expect(checkSizes(root)).toEqual(grown);
    expect(await checkChecksums(root)).toEqual(grown);
    rmSync(join(root, "tensorflow/lib.so"));
    expect(checkSizes(root)).toEqual({ state: "broken", reason: "tensorflow/lib.so is missing" });
  });

  it("finds a changed byte by the checksum alone", async () => {
    const root = await installed();
    const content = readFileSync(join(root, "addon.node"));
    content[2]! ^= 1;
    writeFileSync(join(root, "addon.node"), content);
    expect(checkSizes(root).state).toBe("ready");
    expect(await checkChecksums(root)).toMatchObject({
      state: "broken",
      reason: expect.stringMatching(/^addon\.node has SHA-256 [0-9a-f]{64} in place of /),
    });
  });
});
