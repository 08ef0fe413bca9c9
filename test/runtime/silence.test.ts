import { describe, expect, it } from "vitest";
import { ended, startProgram } from "./fixtures/child-program.ts";

// Whatever TensorFlow and tfjs would say comes on the error output of a process of its own.
const quiet = { TF_CPP_MIN_LOG_LEVEL: undefined, NODE_OPTIONS: undefined };

describe("the terminal", () => {
  it.each(["auto", "native", "wasm", "cpu"])("stays silent with --device %s, through its first ops", async (device) => {
    const { status, stdout, stderr } = await ended(startProgram("use-runtime.mts", [device], quiet));
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ top: [10, 22], gradient: [2, 4, 6, 8] });
  });

  it("stays silent with no runtime installed", async () => {
    const nowhere = { ...quiet, TWINSTILL_CACHE: "/nonexistent/twinstill" };
    const { stdout, stderr } = await ended(startProgram("use-runtime.mts", ["auto"], nowhere));
    expect(stderr).toBe("");
    // A runtime that npm made inside tfjs-node-gpu's own folder would be found without the cache.
    expect(["wasm", "native-cpu"]).toContain((JSON.parse(stdout) as { kind: string }).kind);
  });

  it("shows TensorFlow's messages to who sets its log level to 0", async () => {
    const { stderr } = await ended(
      startProgram("use-runtime.mts", ["native"], { ...quiet, TF_CPP_MIN_LOG_LEVEL: "0" }),
    );
    expect(stderr).toContain("oneDNN custom operations are on");
  });
});
