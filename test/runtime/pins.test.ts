import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PACKAGE_PINS, TFJS_VERSION, wheelsFor } from "../../src/runtime/pins.ts";

const every = [
  ...wheelsFor("linux", "x64", "cpu")!,
  ...wheelsFor("linux", "x64", "cuda")!,
  ...wheelsFor("linux", "arm64", "cpu")!,
];

describe("the pinned wheels", () => {
  it.each(every)("$file is named for its project, version and platform, and can be told from any other", (pin) => {
    expect(pin.file.startsWith(`${pin.project.replaceAll("-", "_")}-${pin.version}-`)).toBe(true);
    expect(pin.file).toContain(pin.platform);
    expect(pin.sha256).toMatch(/^[0-9a-f]{64}$/);
    // Python's wheels are deflated; 6 is above what any of these reaches.
    expect(pin.unpackedBytes / pin.bytes).toBeGreaterThan(1);
    expect(pin.unpackedBytes / pin.bytes).toBeLessThan(6);
    expect(every.filter(({ sha256 }) => sha256 === pin.sha256)).toHaveLength(1);
  });

  it("for CUDA are those that tensorflow 2.21's and-cuda extra names", () => {
    const names = wheelsFor("linux", "x64", "cuda")!.map(({ project }) => project.replace(/^nvidia-(.*)-cu12$/, "$1"));
    expect(names.toSorted()).toEqual(
      "cublas cuda-cupti cuda-nvcc cuda-nvrtc cuda-runtime cudnn cufft curand cusolver cusparse nccl nvjitlink tensorflow"
        .split(" ")
        .toSorted(),
    );
  });

  it("are none where none was measured", () => {
    expect(wheelsFor("linux", "arm64", "cuda")).toBeUndefined();
    expect(wheelsFor("darwin", "arm64", "cpu")).toBeUndefined();
    expect(wheelsFor("win32", "x64", "cpu")).toBeUndefined();
  });
});

describe("the pinned packages", () => {
  const lock = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")) as {
    packages: Record<string, { version: string; integrity: string }>;
  };

  it.each(PACKAGE_PINS)("$name is the one of package-lock.json", ({ name, version, integrity }) => {
    expect(lock.packages[`node_modules/${name}`]).toMatchObject({ version, integrity });
  });

  it("and tfjs have one version", () => {
    expect(lock.packages["node_modules/@tensorflow/tfjs"]?.version).toBe(TFJS_VERSION);
    expect(lock.packages["node_modules/@tensorflow/tfjs-core"]?.version).toBe(TFJS_VERSION);
  });
});
