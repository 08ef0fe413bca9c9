// Runs the built package (npm run build) on other Nodes, whose programs npm downloads; the native runtime is installed.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../../../src/runtime/run-command.ts";

const VERSIONS = ["20", "22", "24", "26"];
const nodePackage = `node-linux-${process.arch}`;
const built = new URL("../../../dist/runtime/index.js", import.meta.url).href;

const PROGRAM = `
import { createRequire } from "node:module";
import { inspectRuntime, loadRuntime } from "${built}";
const tf = createRequire("${built}")("@tensorflow/tfjs");
const { kind } = await loadRuntime({ device: process.env.DEVICE });
const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
const top = Array.from(tf.topk(tf.matMul(x, x), 1).values.dataSync());
const rungs = process.env.DEVICE === "auto" ? (await inspectRuntime()).map(({ usable }) => usable) : [];
console.log(JSON.stringify({ version: process.version, kind, top, rungs }));
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "twinstill-nodes-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(VERSIONS)("Node %s", (version) => {
  let node: string;
  beforeAll(() => {
    const prefix = join(folder, version);
    execFileSync("npm", ["install", "--no-save", "--silent", "--prefix", prefix, `${nodePackage}@${version}`]);
    node = join(prefix, "node_modules", nodePackage, "bin", "node");
  }, 600_000);

  it.each(["auto", "native", "wasm", "cpu"])("loads --device %s and multiplies, without a word", async (device) => {
    const args = ["--input-type=module", "--eval", PROGRAM];
    const env = { ...process.env, DEVICE: device, NODE_OPTIONS: "" };
    const { status, stdout, stderr } = await runCommand(node, args, { env });
    expect(stderr).toBe("");
    expect(status).toBe(0);
    const result = JSON.parse(stdout) as { version: string; rungs: boolean[] };
    expect(result).toMatchObject({ top: [10, 22] });
    expect(result.version.startsWith(`v${version}.`)).toBe(true);
    if (device === "auto") expect(result.rungs.slice(1)).toEqual([true, true, true]);
    console.log(stdout.trim());
  });
});
