import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { noticeText } from "../../docs/scripts/licences.ts";

const lockfile = readFileSync("package-lock.json", "utf8");
const { packages } = JSON.parse(lockfile) as {
  readonly packages: Readonly<
    Record<string, { readonly integrity?: string; readonly resolved?: string; readonly link?: boolean }>
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
