import { describe, expect, it } from "vitest";
import { INSTALL_COMMAND, type NativeFacts, nativePlaces, notInstalled } from "../../src/runtime/native-rungs.ts";
import type { InstalledState, ReadyMarker } from "../../src/runtime/ready-marker.ts";

const marker = {} as ReadyMarker;
const ready: InstalledState = { state: "ready", marker };
const absent: InstalledState = { state: "absent" };
const broken: InstalledState = { state: "broken", reason: "tensorflow/libtensorflow_cc.so.2 is missing" };
const ownPlace = { packageFolder: "/p", addon: "/p/lib/napi-v8/tfjs_binding.node", mute: undefined };

function facts(cpu: InstalledState, cuda: InstalledState, others: Partial<NativeFacts> = {}): NativeFacts {
  return {
    platform: { os: "linux", arch: "x64", glibc: "2.36" },
    gpu: { found: true, name: "NVIDIA L4" },
    ownPlace: undefined,
    installed: { cpu: { root: "/cpu", state: cpu }, cuda: { root: "/cuda", state: cuda } },
    ...others,
  };
}

describe("nativePlaces", () => {
  const addons = (kind: "native-gpu" | "native-cpu", found: NativeFacts) =>
    nativePlaces(kind, found).map(([, { addon }]) => addon);
  const [cpu, cuda, own] = ["/cpu/addon/tfjs_binding.node", "/cuda/addon/tfjs_binding.node", ownPlace.addon];

  it("takes an addon that npm made as it is, before ours on the CPU, after ours on a GPU", () => {
    expect(addons("native-cpu", facts(ready, ready, { ownPlace }))).toEqual([own, cpu, cuda]);
    expect(addons("native-gpu", facts(ready, ready, { ownPlace }))).toEqual([cuda, own]);
  });

  it("leaves out what is absent or broken; the CPU build has no GPU", () => {
    expect(addons("native-cpu", facts(broken, ready))).toEqual([cuda]);
    expect(addons("native-cpu", facts(absent, absent))).toEqual([]);
    expect(addons("native-gpu", facts(ready, absent))).toEqual([]);
  });
});

describe("notInstalled", () => {
  const refused = (reason: string, remedy: string | undefined) => ({ ok: false, reason, remedy });

  it("says what is missing and how to get it", () => {
    expect(notInstalled("native-cpu", facts(absent, absent))).toEqual(
      refused("TensorFlow is not installed", INSTALL_COMMAND),
    );
    expect(notInstalled("native-gpu", facts(ready, absent))).toEqual(
      refused("the CUDA build of TensorFlow is not installed", INSTALL_COMMAND),
    );
    expect(notInstalled("native-cpu", facts(broken, absent))).toEqual(
      refused("TensorFlow is damaged: tensorflow/libtensorflow_cc.so.2 is missing", INSTALL_COMMAND),
    );
  });

  it("offers no remedy where there is none", () => {
    const gpu = { found: false, reason: "no NVIDIA GPU found (no /dev/nvidiactl)" } as const;
    expect(notInstalled("native-gpu", facts(ready, absent, { gpu }))).toEqual(refused(gpu.reason, undefined));
    const platform = { os: "darwin", arch: "arm64", glibc: undefined };
    expect(notInstalled("native-cpu", facts(absent, absent, { platform }))).toEqual(
      refused("TensorFlow is pinned for linux-x64 and linux-arm64, this is darwin-arm64", undefined),
    );
  });
});
