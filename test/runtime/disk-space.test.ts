import { statfsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { freeBytes, gigabytes, requireDiskSpace } from "../../src/runtime/disk-space.ts";
import { bytesNeeded } from "../../src/runtime/install-runtime.ts";
import { wheelsFor } from "../../src/runtime/pins.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

it("freeBytes asks the disk of the nearest folder that exists", async () => {
  const folder = temporaryFolder();
  const { bavail, bsize } = statfsSync(folder);
  const found = await freeBytes(join(folder, "not", "yet", "there"));
  // Others write to this disk meanwhile.
  expect(Math.abs(found - bavail * bsize)).toBeLessThan(5e9);
  expect(found).toBeGreaterThan(0);
});

describe("requireDiskSpace", () => {
  it("passes when there is just enough", async () => {
    await expect(requireDiskSpace("/cache", 1000, { free: async () => 1000 })).resolves.toBeUndefined();
  });

  it("says need, have and the ways out", async () => {
    const error = await requireDiskSpace("/cache", 1.2e9, { free: async () => 4.2e8 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toBe(
      "installRuntime: the disk of /cache must have 1.2 GB free, got 0.42 GB; make room, or set TWINSTILL_CACHE to a " +
        "folder on another disk",
    );
  });

  it("refuses what no disk has", async () => {
    await expect(requireDiskSpace(temporaryFolder(), 1e18)).rejects.toThrow("must have 1000000000.0 GB free");
  });
});

it("an installation needs about 1.2 GB for the CPU and 9 GB for CUDA", () => {
  const nowhere = join(temporaryFolder(), "downloads");
  expect(gigabytes(bytesNeeded(wheelsFor("linux", "x64", "cpu")!, nowhere))).toBe("1.2 GB");
  expect(gigabytes(bytesNeeded(wheelsFor("linux", "x64", "cuda")!, nowhere))).toBe("9.1 GB");
});
