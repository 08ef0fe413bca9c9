import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/errors.ts";
import { climbLadder } from "../../src/runtime/load-runtime.ts";
import { INSTALL_COMMAND } from "../../src/runtime/native-rungs.ts";
import type { RungOutcome, RuntimeKind } from "../../src/runtime/runtime-types.ts";
import { RUNTIME_KINDS } from "../../src/runtime/runtime-types.ts";

/** A machine whose named rungs fail, each with its own reason. */
function machine(failing: readonly RuntimeKind[], remedy?: string) {
  const tried: string[] = [];
  const attempt = async (kind: RuntimeKind, forced: boolean): Promise<RungOutcome> => {
    tried.push(forced ? `${kind}!` : kind);
    if (failing.includes(kind)) return { ok: false, reason: `no ${kind} here`, remedy };
    return { ok: true, runtime: { kind, device: "d", libraryVersion: "1", native: undefined } };
  };
  return { tried, attempt };
}

describe("climbLadder", () => {
  it.each(RUNTIME_KINDS.map((kind, index) => [kind, RUNTIME_KINDS.slice(0, index)] as const))(
    "auto takes %s when %j cannot be had, with their reasons",
    async (kind, failing) => {
      const { tried, attempt } = machine(failing);
      const reasons = failing.map((higher) => `${higher}: no ${higher} here`);
      expect(await climbLadder("auto", attempt)).toEqual({
        kind,
        device: "d",
        libraryVersion: "1",
        native: undefined,
        reasons,
      });
      expect(tried).toEqual([...failing, kind]);
    },
  );

  it.each([
    ["gpu", "native-gpu"],
    ["native", "native-cpu"],
    ["wasm", "wasm"],
    ["cpu", "cpu"],
  ] as const)("%s tries %s and nothing else", async (device, kind) => {
    const { tried, attempt } = machine([]);
    expect(await climbLadder(device, attempt)).toMatchObject({ kind, reasons: [] });
    expect(tried).toEqual([`${kind}!`]);
  });

  it("a forced device that cannot be had is an error with reason and remedy, never another device", async () => {
    const { tried, attempt } = machine(["native-cpu"], INSTALL_COMMAND);
    const error = await climbLadder("native", attempt).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as Error).message).toBe(
      'loadRuntime: device "native" must be usable on this machine, got native-cpu: no native-cpu here; run "npx ' +
        'twinstill runtime install", or take --device auto for the best one that works',
    );
    expect(tried).toEqual(["native-cpu!"]);
  });

  it("says every reason when no rung holds", async () => {
    const { attempt } = machine(RUNTIME_KINDS);
    await expect(climbLadder("auto", attempt)).rejects.toThrow(
      'loadRuntime: device "auto" must be usable on this machine, got native-gpu: no native-gpu here; native-cpu: no ' +
        "native-cpu here; wasm: no wasm here; cpu: no cpu here; reinstall twinstill",
    );
  });
});
