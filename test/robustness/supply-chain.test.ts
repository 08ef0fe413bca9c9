import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { noticeText } from "../../docs/scripts/licences.ts";

const lockfile = readFileSync("package-lock.json", "utf8");
const { packages } = JSON.parse(lockfile) as {
  readonly packages: Readonly<
    Record<
      string,
      { readonly version?: string; readonly integrity?: string; readonly resolved?: string; readonly link?: boolean }
    >
  >;
};

describe("the supply chain", () => {
  it("has every package's licence in NOTICE: `npm run docs:licences` writes them", () => {
    const notice = readFileSync("NOTICE", "utf8");
    expect(noticeText(notice, lockfile)).toBe(notice);
    expect(notice).not.toContain("not stated:");
  });

  it("takes packages by checksum alone, and runs none of their install scripts", () => {
    const open = Object.entries(packages).filter(([path, { integrity, link }]) => path !== "" && !link && !integrity);
    expect(open.map(([path]) => path)).toEqual([]);
    expect(readFileSync(".npmrc", "utf8")).toMatch(/^ignore-scripts=true$/m);
  });

  it("lifts what tfjs asks for in versions with high findings", () => {
    // GHSA-8qq5-rm4j-mr97 and five later ones, the last of versions below 7.5.11; GHSA-xcpc-8h2w-3j85 of those below 0.6.0.
    const versions = (name: string) =>
      Object.entries(packages).flatMap(([path, { version }]) =>
        path.endsWith(`node_modules/${name}`) ? [version!] : [],
      );
    for (const version of versions("tar")) expect(version).toMatch(/^7\.5\.(1[1-9]|[2-9]\d)$/);
    for (const version of versions("adm-zip")) expect(version).toMatch(/^0\.([6-9]|[1-9]\d)\./);
  });

  it("loads nothing of what tfjs brings along to download and unpack its library", { timeout: 60_000 }, () => {
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
    const program = fileURLToPath(new URL("./loaded-packages.ts", import.meta.url));
    const { stdout, stderr } = spawnSync(process.execPath, ["--import", tsx, program], { encoding: "utf8" });
    const { kind, loaded } = JSON.parse(stdout.trim().split("\n").at(-1) ?? stderr) as {
      readonly kind: string;
      readonly loaded: readonly string[];
    };
    const allowed = /^(@tensorflow\/tfjs.*|google-protobuf|long|seedrandom)$/;
    expect(loaded.filter((name) => !allowed.test(name))).toEqual([]);
    expect(loaded.includes("@tensorflow/tfjs-node-gpu")).toBe(kind.startsWith("native"));
  });

  it("has no package with an install script but the native runtime's, which is built without it", () => {
    const scripted = Object.entries(packages).filter(
      ([path, entry]) => path !== "" && "hasInstallScript" in entry && !("dev" in entry),
    );
    expect(scripted.map(([path]) => path.replace(/^.*node_modules\//, "")).sort()).toMatchInlineSnapshot(`
      [
        "@tensorflow/tfjs-node-gpu",
        "core-js",
      ]
    `);
  });
});
