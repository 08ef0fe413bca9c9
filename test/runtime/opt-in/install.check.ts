// Installs for real, from nothing, into a cache of its own. TWINSTILL_TEST_CUDA=1 adds the CUDA build (9 GB of disk).
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type InstallEvent, inspectRuntime, installRuntime } from "../../../src/runtime/index.ts";
import { packageFolder, placePackages } from "../../../src/runtime/javascript-packages.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

let cache: string;
let env: NodeJS.ProcessEnv;
beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), "twinstill-install-"));
  env = { ...process.env, TWINSTILL_CACHE: cache };
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

function recorder() {
  const events: InstallEvent[] = [];
  return { events, onEvent: (event: InstallEvent) => void events.push(event) };
}

/** Names left in the cache: one folder a runtime, no locks, nothing half done. */
function leftovers(): string[] {
  const names = ["runtime", "downloads"].flatMap((folder) => readdirSync(join(cache, folder)));
  return names.filter((name) => !/^tensorflow-2\.21\.0-(cpu|cuda)-linux-\w+-[0-9a-f]{8}$/.test(name));
}

describe("installRuntime", () => {
  it("can be stopped in the middle of the download", async () => {
    const { events, onEvent } = recorder();
    const stop = new AbortController();
    const stopped = installRuntime({
      variant: "cpu",
      env,
      signal: stop.signal,
      onEvent: (event) => {
        onEvent(event);
        if (event.kind === "bytes") stop.abort();
      },
    });
    await expect(stopped).rejects.toThrow(/abort/i);
    expect(events.filter(({ kind }) => kind === "bytes").length).toBeGreaterThan(0);
    expect(leftovers()).toEqual([]);
  });

  it("then installs, with the download's bytes reported", async () => {
    const { events, onEvent } = recorder();
    const begun = performance.now();
    const installed = await installRuntime({ variant: "cpu", env, onEvent });
    console.log(`cpu: ${((performance.now() - begun) / 1000).toFixed(1)} s, ${(installed.bytes / 1e9).toFixed(2)} GB`);
    expect(installed).toMatchObject({ variant: "cpu", libraryVersion: "2.21.0", reused: false });
    const steps = events.flatMap((event) => (event.kind === "step" ? [event.step] : []));
    expect(steps).toEqual(["check", "download", "unpack", "packages", "compile", "verify"]);
    const bytes = events.filter((event) => event.kind === "bytes" && event.step === "download");
    expect(bytes.at(-1)).toMatchObject({ done: 273_829_956, total: 273_829_956 });
    expect(leftovers()).toEqual([]);
  });

  it("then takes it from the cache, until it is spoilt", async () => {
    const first = await installRuntime({ variant: "cpu", env });
    expect(first.reused).toBe(true);
    const library = join(first.path, "tensorflow", "libtensorflow_cc.so.2");
    truncateSync(library, statSync(library).size - 1);
    expect((await inspectRuntime({ env }))[1]).toMatchObject({
      usable: false,
      reason:
        "the installed files are damaged: tensorflow/libtensorflow_cc.so.2 has 788086607 bytes in place of 788086608",
    });
    const { events, onEvent } = recorder();
    expect((await installRuntime({ variant: "cpu", env, onEvent })).reused).toBe(false);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "retry", what: expect.stringMatching(/^tensorflow-/) }),
    );
    expect((await inspectRuntime({ env }))[1]).toMatchObject({ kind: "native-cpu", usable: true });
  });
});

it("placePackages fetches the packages that npm left out", async () => {
  const root = temporaryFolder();
  await placePackages(root, { python: "python3", find: () => undefined });
  const fetched = readdirSync(packageFolder(root, "@tensorflow/tfjs-node-gpu"), { recursive: true, encoding: "utf8" });
  const copied = temporaryFolder();
  await placePackages(copied, { python: "python3" });
  const expected = readdirSync(packageFolder(copied, "@tensorflow/tfjs-node-gpu"), {
    recursive: true,
    encoding: "utf8",
  });
  expect(fetched.sort()).toEqual(expected.sort());
  expect(readdirSync(packageFolder(root, "google-protobuf")).sort()).toEqual(
    readdirSync(packageFolder(copied, "google-protobuf")).sort(),
  );
});

describe.runIf(process.env.TWINSTILL_TEST_CUDA)("the CUDA build", () => {
  it("installs, loads without a GPU and says so", async () => {
    const begun = performance.now();
    const installed = await installRuntime({ variant: "cuda", env });
    console.log(`cuda: ${((performance.now() - begun) / 1000).toFixed(1)} s, ${(installed.bytes / 1e9).toFixed(2)} GB`);
    expect(installed).toMatchObject({ variant: "cuda", reused: false });
    const [gpu, cpu] = await inspectRuntime({ env });
    if (!gpu?.usable) expect(gpu?.reason).toMatch(/^TensorFlow 2\.21\.0 loads but finds no GPU device/);
    expect(cpu).toMatchObject({ usable: true, libraryVersion: "2.21.0" });
    expect(leftovers()).toEqual([]);
  });
});
