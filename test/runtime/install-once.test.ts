import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { InstallEvent } from "../../src/runtime/install-events.ts";
import { installOnce } from "../../src/runtime/install-once.ts";
import { ended, startProgram } from "./fixtures/child-program.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

function setting() {
  const root = join(temporaryFolder(), "runtime", "k");
  const events: InstallEvent[] = [];
  const built: string[] = [];
  const build = async (folder: string) => {
    built.push(folder);
    mkdirSync(join(folder, "lib"));
    writeFileSync(join(folder, "lib", "a.so"), `build ${built.length}`);
    return { variant: "cpu", tensorflow: "2.21.0", compiler: "c++" } as const;
  };
  const paths = { key: "k", root, lock: `${root}.lock` };
  const options = { build, onEvent: (event: InstallEvent) => void events.push(event), pollMs: 10 };
  return { root, events, built, paths, options, library: () => readFileSync(join(root, "lib/a.so"), "utf8") };
}

describe("installOnce", () => {
  it("builds aside, marks and renames; then takes what is there", async () => {
    const { root, built, paths, options, library } = setting();
    const first = await installOnce(paths, options);
    expect(first).toMatchObject({ reused: false, marker: { key: "k", files: { "lib/a.so": { bytes: 7 } } } });
    expect(built[0]).not.toBe(root);
    expect(dirname(built[0]!)).toBe(dirname(root));
    expect(await installOnce(paths, options)).toEqual({ ...first, reused: true });
    expect(built).toHaveLength(1);
    expect(library()).toBe("build 1");
    expect(readdirSync(dirname(root))).toEqual(["k"]);
  });

  it("replaces a spoilt runtime", async () => {
    const { root, events, paths, options, library } = setting();
    await installOnce(paths, options);
    writeFileSync(join(root, "lib/a.so"), "spoilt!");
    expect((await installOnce(paths, options)).reused).toBe(false);
    expect(library()).toBe("build 2");
    expect(events).toMatchObject([
      { kind: "retry", what: "k", reason: expect.stringContaining("lib/a.so has SHA-256") },
    ]);
    expect(readdirSync(dirname(root))).toEqual(["k"]);
  });

  it("clears what dead installations left behind", async () => {
    const { root, paths, options } = setting();
    mkdirSync(`${root}.tmp-1`, { recursive: true });
    mkdirSync(`${root}.old-2`);
    mkdirSync(`${root}-other`);
    // Before the build, whose check of the disk's space would count them.
    let during: string[] = [];
    const build = (folder: string) => {
      during = readdirSync(dirname(root)).filter((name) => !folder.endsWith(name));
      return options.build(folder);
    };
    await installOnce(paths, { ...options, build });
    expect(during.sort()).toEqual(["k-other", "k.lock"]);
    expect(readdirSync(dirname(root)).sort()).toEqual(["k", "k-other"]);
  });

  it("leaves all as it was when the build fails", async () => {
    const { root, paths, options } = setting();
    await installOnce(paths, options);
    writeFileSync(join(root, "lib/a.so"), "spoilt!");
    const failing = installOnce(paths, {
      ...options,
      build: async (folder) => {
        writeFileSync(join(folder, "half"), "");
        throw new Error("no compiler");
      },
    });
    await expect(failing).rejects.toThrow("no compiler");
    expect(readFileSync(join(root, "lib/a.so"), "utf8")).toBe("spoilt!");
    expect(readdirSync(dirname(root))).toEqual(["k"]);
  });

  it("refuses a folder that cannot be written", async () => {
    const { paths, options } = setting();
    const root = "/dev/null/cache/k";
    await expect(installOnce({ ...paths, root, lock: `${root}.lock` }, options)).rejects.toThrow(
      /^installRuntime: \/dev\/null\/cache must be a folder that can be written, got ENOTDIR.*; set TWINSTILL_CACHE to another folder$/,
    );
  });

  it("builds once for two processes; the second waits and takes the result", async () => {
    const root = join(temporaryFolder(), "runtime", "k");
    const trace = `${dirname(dirname(root))}/trace`;
    const first = startProgram("install-once.mts", [root, trace]);
    const firstEnd = ended(first);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const second = startProgram("install-once.mts", [root, trace]);
    const secondEnd = ended(second);
    const outputs = [(await firstEnd).stdout, (await secondEnd).stdout];
    expect(readFileSync(trace, "utf8")).toBe("built\n");
    // Either may come first to the lock.
    expect(outputs.map((text) => text.trim().split("\n").at(-1)).sort()).toEqual(["installed", "reused"]);
    const late = outputs.findIndex((text) => text.includes("reused"));
    const holder = late === 0 ? second.pid : first.pid;
    expect(outputs[late]).toBe(`waiting for ${holder}\nreused\n`);
  });

  it("finishes after a process that was killed in the middle", async () => {
    const { root, paths, options, library } = setting();
    const trace = `${dirname(dirname(root))}/trace`;
    const child = startProgram("install-once.mts", [root, trace]);
    const end = ended(child);
    while (!existsSync(trace)) await new Promise((resolve) => setTimeout(resolve, 10));
    child.kill("SIGKILL");
    await end;
    expect(readdirSync(dirname(root)).some((name) => name.startsWith("k.tmp-"))).toBe(true);
    expect((await installOnce(paths, options)).reused).toBe(false);
    expect(library()).toBe("build 1");
    expect(readdirSync(dirname(root))).toEqual(["k"]);
  });
});
