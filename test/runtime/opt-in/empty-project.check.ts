// Installs the packed package into an empty project without its optional dependency: the runtime then brings
// tfjs-node-gpu's JavaScript itself.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runCommand } from "../../../src/runtime/run-command.ts";
import { temporaryFolder } from "../fixtures/temporary-folder.ts";

const repository = fileURLToPath(new URL("../../..", import.meta.url));

const PROGRAM = `
import { pathToFileURL } from "node:url";
import { createRequire } from "node:module";
const folder = createRequire(process.cwd() + "/x.js").resolve("twinstill/package.json").replace("package.json", "dist/");
const { installRuntime, loadRuntime } = await import(pathToFileURL(folder + "runtime/index.js").href);
const tf = createRequire(folder)("@tensorflow/tfjs");
const { reused } = await installRuntime({ variant: "cpu" });
const { kind } = await loadRuntime();
const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
console.log(JSON.stringify({ reused, kind, top: Array.from(tf.topk(tf.matMul(x, x), 1).values.dataSync()) }));
`;

it("installs and runs where npm left tfjs-node-gpu out", async () => {
  const project = temporaryFolder();
  execFileSync("npm", ["pack", "--silent", "--pack-destination", project], { cwd: repository });
  const tarball = readdirSync(project).find((name) => name.endsWith(".tgz"))!;
  writeFileSync(join(project, "package.json"), '{"name": "empty", "private": true}');
  execFileSync("npm", ["install", "--silent", "--omit=optional", `./${tarball}`], { cwd: project });
  expect(existsSync(join(project, "node_modules/@tensorflow/tfjs-node-gpu"))).toBe(false);
  writeFileSync(join(project, "program.mjs"), PROGRAM);
  const env = { ...process.env, TWINSTILL_CACHE: join(project, "cache"), NODE_OPTIONS: "" };
  const { stdout, stderr } = await runCommand(
    "sh",
    ["-c", `cd "${project}" && exec "${process.execPath}" program.mjs`],
    { env },
  );
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ reused: false, kind: expect.stringMatching(/^native-/), top: [10, 22] });
});
