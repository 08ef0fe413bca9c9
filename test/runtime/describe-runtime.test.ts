import { expect, it } from "vitest";
import { describeRungs, describeRuntime } from "../../src/runtime/index.ts";

it("describeRuntime is one line with the reasons", () => {
  const base = { device: "a processor, 2 cores", libraryVersion: "4.22.0" };
  expect(describeRuntime({ ...base, kind: "native-gpu", libraryVersion: "2.21.0", reasons: [] })).toBe(
    "native-gpu (TensorFlow 2.21.0, a processor, 2 cores)",
  );
  expect(describeRuntime({ ...base, kind: "wasm", reasons: ["native-gpu: no GPU", "native-cpu: absent"] })).toBe(
    "wasm (tfjs 4.22.0, a processor, 2 cores); native-gpu: no GPU; native-cpu: absent",
  );
});

it("describeRungs is a table of the rungs", () => {
  const lines = describeRungs([
    { kind: "native-gpu", usable: false, reason: "no NVIDIA GPU found", remedy: undefined },
    {
      kind: "native-cpu",
      usable: false,
      reason: "TensorFlow is not installed",
      remedy: "npx twinstill runtime install",
    },
    { kind: "wasm", usable: true, device: "a processor", libraryVersion: "4.22.0" },
  ]);
  expect(lines).toEqual([
    "native-gpu  not usable  no NVIDIA GPU found",
    "native-cpu  not usable  TensorFlow is not installed",
    "            to mend it  npx twinstill runtime install",
    "wasm        usable      tfjs 4.22.0, a processor",
  ]);
});
