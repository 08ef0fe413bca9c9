import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findInstalled, packageFolder, placePackages, TFJS_SYMBOL } from "../../src/runtime/javascript-packages.ts";
import { PACKAGE_PINS } from "../../src/runtime/pins.ts";
import { temporaryFolder } from "./fixtures/temporary-folder.ts";

const python = "python3";

describe("placePackages", () => {
  it("copies what npm has installed, without tests and types, and hands on the process's tfjs", async () => {
    const root = temporaryFolder();
    await placePackages(root, { python });
    const nodeGpu = packageFolder(root, "@tensorflow/tfjs-node-gpu");
    const names = readdirSync(nodeGpu, { recursive: true, encoding: "utf8" });
    expect(names).toEqual(expect.arrayContaining(["binding/tfjs_backend.cc", "dist/register_all_kernels.js"]));
    expect(names.filter((name) => /_test\.js$|\.d\.ts$|^lib|^deps|^node_modules/.test(name))).toEqual([]);

    const requireThere = createRequire(join(nodeGpu, "package.json"));
    const mine = { version_core: "stand-in" };
    const symbol = Symbol.for(TFJS_SYMBOL);
    const before: unknown = Reflect.get(globalThis, symbol);
    Reflect.set(globalThis, symbol, mine);
    expect(requireThere("@tensorflow/tfjs")).toBe(mine);
    expect(requireThere("@tensorflow/tfjs-core")).toBe(mine);
    Reflect.set(globalThis, symbol, before);
    const proto = requireThere("./dist/proto/api_pb") as { GraphDef: new () => { serializeBinary(): Uint8Array } };
    expect(new proto.GraphDef().serializeBinary()).toHaveLength(0);
  });

  it("says what to do where a package is missing and npm cannot be run", async () => {
    const root = temporaryFolder();
    await expect(placePackages(root, { python, find: () => undefined, env: { PATH: root } })).rejects.toThrow(
      "installRuntime: npm must be able to fetch @tensorflow/tfjs-node-gpu@4.22.0, got: spawn npm ENOENT; check npm's " +
        'registry settings, or run "npm install --ignore-scripts @tensorflow/tfjs-node-gpu@4.22.0" beside twinstill and ' +
        "try again",
    );
  });
});

describe("findInstalled", () => {
  it("finds the pinned versions, and no others", () => {
    for (const pin of PACKAGE_PINS) {
      const folder = findInstalled(pin)!;
      expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({ version: pin.version });
      expect(findInstalled({ ...pin, version: "0.0.1" })).toBeUndefined();
    }
    expect(existsSync(join(findInstalled(PACKAGE_PINS[0]!)!, "binding"))).toBe(true);
    expect(findInstalled({ name: "no-such-package", version: "1", integrity: "" })).toBeUndefined();
  });
});
