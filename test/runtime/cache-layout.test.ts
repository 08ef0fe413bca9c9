import { describe, expect, it } from "vitest";
import { cacheFolder, runtimeKey, runtimePaths } from "../../src/runtime/cache-layout.ts";

const linux = { os: "linux", arch: "x64", glibc: "2.36" };

describe("cacheFolder", () => {
  it.each([
    [{ TWINSTILL_CACHE: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" }, "/a"],
    [{ XDG_CACHE_HOME: "/b", HOME: "/c" }, "/b/twinstill"],
    [{ HOME: "/c" }, "/c/.cache/twinstill"],
    [{ TWINSTILL_CACHE: "", XDG_CACHE_HOME: "", HOME: "/c" }, "/c/.cache/twinstill"],
  ])("with %j is %s", (env, folder) => {
    expect(cacheFolder(env)).toBe(folder);
  });

  it.each(["TWINSTILL_CACHE", "XDG_CACHE_HOME"])("refuses a relative %s", (variable) => {
    expect(() => cacheFolder({ [variable]: "cache" })).toThrow(
      `cacheFolder: ${variable} must be an absolute path, got "cache"`,
    );
  });
});

describe("runtimeKey", () => {
  it("says version, variant and platform", () => {
    expect(runtimeKey(linux, "cpu")).toMatch(/^tensorflow-2\.21\.0-cpu-linux-x64-[0-9a-f]{8}$/);
    expect(runtimeKey({ ...linux, arch: "arm64" }, "cpu")).toMatch(/^tensorflow-2\.21\.0-cpu-linux-arm64-/);
  });

  it("has a digest that the wheels decide, the C library's version does not", () => {
    const digest = (key: string) => key.split("-").at(-1);
    expect(digest(runtimeKey(linux, "cuda"))).not.toBe(digest(runtimeKey(linux, "cpu")));
    expect(runtimeKey({ ...linux, glibc: "2.31" }, "cpu")).toBe(runtimeKey(linux, "cpu"));
  });
});

it("runtimePaths keeps a runtime, its lock and the downloads apart", () => {
  const paths = runtimePaths(linux, "cpu", { TWINSTILL_CACHE: "/cache" });
  const root = `/cache/runtime/${paths.key}`;
  expect(paths).toEqual({ key: paths.key, root, lock: `${root}.lock`, downloads: "/cache/downloads" });
});
