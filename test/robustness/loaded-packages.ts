// Loads the best runtime and prints its kind and the packages that were loaded for it: run as a program of its own.
import { createRequire } from "node:module";
import { loadRuntime } from "../../src/runtime/index.ts";

/** What runs TypeScript here, and is not shipped. */
const OWN = ["tsx", "esbuild"];

const { kind } = await loadRuntime();
const files = Object.keys(createRequire(import.meta.url).cache);
const packages = files.flatMap((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
const loaded = [...new Set(packages)].filter((name) => !OWN.includes(name)).sort();
console.log(JSON.stringify({ kind, loaded }));
