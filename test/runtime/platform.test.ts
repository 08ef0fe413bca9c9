import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { atLeast, cpuName, findGpu, thisPlatform, unsupportedReason } from "../../src/runtime/platform.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

describe("atLeast", () => {
  it("compares versions as numbers, part by part", () => {
    const version = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40));
    const order = ([a, b, c]: [number, number, number]) => (a * 41 + b) * 41 + c;
    fc.assert(
      fc.property(version, version, (have, needed) => {
        expect(atLeast(have.join("."), needed.join("."))).toBe(order(have) >= order(needed));
      }),
    );
  });

  it.each([
    ["2.36", "2.27", true],
    ["2.4", "2.27", false],
    ["2.27", "2.27", true],
    ["3", "2.27", true],
    ["2", "2.27", false],
    ["x.y", "2.27", false],
  ])("%s is at least %s: %s", (version, needed, expected) => {
    expect(atLeast(version, needed)).toBe(expected);
  });
});

describe("unsupportedReason", () => {
  const linux = { os: "linux", arch: "x64", glibc: "2.36" };
  it.each([
    [linux, "cpu", undefined],
    [linux, "cuda", undefined],
    [{ ...linux, arch: "arm64" }, "cpu", undefined],
    [{ ...linux, arch: "arm64" }, "cuda", "the CUDA build is pinned for linux-x64, this is linux-arm64"],
    [{ ...linux, os: "darwin" }, "cpu", "TensorFlow is pinned for linux-x64 and linux-arm64, this is darwin-x64"],
    [{ ...linux, glibc: undefined }, "cpu", "TensorFlow needs glibc 2.27 or newer, this system has another C library"],
    [{ ...linux, glibc: "2.17" }, "cpu", "TensorFlow needs glibc 2.27 or newer, this system has 2.17"],
  ] as const)("of %j, %s is %s", (platform, variant, reason) => {
    expect(unsupportedReason(platform, variant)).toBe(reason);
  });

  it("knows this process's platform", () => {
    const { os, arch, glibc } = thisPlatform();
    expect([os, arch]).toEqual([process.platform, process.arch]);
    expect(glibc ?? "2.27").toMatch(/^\d+\.\d+/);
  });
});

describe("findGpu", () => {
  function machine({ driver = true, models = [] as string[] } = {}): string {
    const root = temporaryFolder();
    if (driver) {
      mkdirSync(join(root, "dev"));
      writeFileSync(join(root, "dev/nvidiactl"), "");
    }
    for (const [index, model] of models.entries()) {
      const folder = join(root, "proc/driver/nvidia/gpus", `0000:0${index}:00.0`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "information"), `Model: \t\t ${model}\nIRQ:   \t\t 40\n`);
    }
    return root;
  }

  it("finds none without the driver's files", () => {
    expect(findGpu({}, machine({ driver: false }))).toEqual({
      found: false,
      reason: "no NVIDIA GPU found (no /dev/nvidiactl)",
    });
  });

  it("names the models, each once", () => {
    const models = ["NVIDIA L4", "NVIDIA L4", "Tesla T4"];
    expect(findGpu({}, machine({ models }))).toEqual({ found: true, name: "NVIDIA L4, Tesla T4" });
    expect(findGpu({}, machine())).toEqual({ found: true, name: "NVIDIA GPU" });
  });

  it.each(["", "-1"])('respects CUDA_VISIBLE_DEVICES="%s"', (visible) => {
    expect(findGpu({ CUDA_VISIBLE_DEVICES: visible }, machine())).toEqual({
      found: false,
      reason: `CUDA_VISIBLE_DEVICES="${visible}" hides every GPU`,
    });
    expect(findGpu({ CUDA_VISIBLE_DEVICES: "0" }, machine()).found).toBe(true);
  });
});

it("cpuName has the processor and its cores", () => {
  expect(cpuName()).toMatch(/\S+, \d+ cores?$/);
});
