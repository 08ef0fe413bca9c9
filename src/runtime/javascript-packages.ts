import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import { INSIDE } from "./cache-layout.ts";
import { PACKAGE_PINS, type PackagePin } from "./pins.ts";
import { lastLines, runCommand } from "./run-command.ts";
import { unpackArchive } from "./unpack-archive.ts";

export interface PlaceOptions {
  readonly python: string;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where an installed copy of a package lies; by default found from here, so a test may say "nowhere". */
  readonly find?: (pin: PackagePin) => string | undefined;
}

/** Under this symbol the one tfjs of the process waits for the packages in the cache. */
export const TFJS_SYMBOL = "twinstill.runtime.tfjs";

/** The members of each package that a runtime needs: folders end in "/". */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  "@tensorflow/tfjs-node-gpu": ["package.json", "dist/", "binding/"],
  "google-protobuf": ["package.json", "google-protobuf.js", "LICENSE.md", "LICENSE-asserts.md"],
};
const LEFT_OUT = ["_test.js", ".d.ts"];

/**
 * Puts the pinned npm packages into a runtime: copied where npm has installed them, else fetched by `npm pack`. In
 * place of tfjs they get a module that hands on the tfjs of the running process, because a second copy would have
 * tensors and kernels of its own.
 *
 * @throws {ConfigError} npm cannot be run or cannot fetch a package.
 * @throws {DataError} a fetched package is not the pinned one.
 */
export async function placePackages(root: string, options: PlaceOptions): Promise<void> {
  const { find = findInstalled } = options;
  for (const pin of PACKAGE_PINS) {
    const target = packageFolder(root, pin.name);
    mkdirSync(target, { recursive: true });
    const installed = find(pin);
    if (installed) copyMembers(installed, target, pin.name);
    else await fetchPackage(pin, target, options);
  }
  for (const name of ["@tensorflow/tfjs", "@tensorflow/tfjs-core"]) {
    const folder = packageFolder(root, name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "index.js"), `module.exports = globalThis[Symbol.for("${TFJS_SYMBOL}")];\n`);
  }
}

/** Where a package lies inside a runtime. */
export function packageFolder(root: string, name: string): string {
  return join(root, INSIDE.packages, ...name.split("/"));
}

/** The folder of the installed package, if npm put the pinned version where we find it. */
export function findInstalled(pin: PackagePin): string | undefined {
  const here = createRequire(import.meta.url);
  try {
    const nodeGpu = here.resolve("@tensorflow/tfjs-node-gpu/package.json");
    const manifest = createRequire(nodeGpu).resolve(`${pin.name}/package.json`);
    const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version?: string };
    return version === pin.version ? dirname(manifest) : undefined;
  } catch {
    return undefined; // An optional dependency that npm left out.
  }
}

function copyMembers(source: string, target: string, name: string): void {
  for (const member of MEMBERS[name] ?? []) {
    if (!existsSync(join(source, member))) continue;
    cpSync(join(source, member), join(target, member), {
      recursive: true,
      dereference: true,
      filter: (path) => !LEFT_OUT.some((ending) => path.endsWith(ending)),
    });
  }
}

async function fetchPackage(pin: PackagePin, target: string, options: PlaceOptions): Promise<void> {
  const { python, env, signal } = options;
  const work = await mkdtemp(join(target, ".npm-"));
  try {
    const what = `${pin.name}@${pin.version}`;
    const npm = await runCommand("npm", ["pack", "--ignore-scripts", "--pack-destination", work, what], {
      env,
      signal,
    });
    signal?.throwIfAborted();
    const tarball = (await readdir(work)).find((name) => name.endsWith(".tgz"));
    if (npm.status !== 0 || !tarball) throw unfetched(what, lastLines(npm.stderr));
    await requireIntegrity(join(work, tarball), pin);
    await unpackArchive(join(work, tarball), target, {
      python,
      prefixes: (MEMBERS[pin.name] ?? []).map((member) => `package/${member}`),
      without: LEFT_OUT,
      strip: "package/",
      env,
      signal,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function requireIntegrity(tarball: string, pin: PackagePin): Promise<void> {
  const integrity = `sha512-${createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64")}`;
  if (integrity === pin.integrity) return;
  throw new DataError(
    `installRuntime: ${pin.name}@${pin.version} must have integrity ${pin.integrity}, got ${integrity}`,
  );
}

function unfetched(what: string, said: string): ConfigError {
  return new ConfigError(
    `installRuntime: npm must be able to fetch ${what}, got: ${said || "no package"}; check npm's registry settings, or ` +
      `run "npm install --ignore-scripts ${what}" beside twinstill and try again`,
  );
}
