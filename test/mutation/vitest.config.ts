import { relative } from "node:path";
import type { Plugin } from "vitest/config";
import { defineConfig } from "vitest/config";
import { instrument, type Mutant } from "./instrument.ts";

/** What is mutated: the losses, and what they are made of. */
const MUTATED =
  /src\/distill\/(losses|lists)\/[\w-]+\.ts$|src\/distill\/(temperature|log-space|weighted-mean|head-fusion)\.ts$/;

const mutants: Mutant[] = [];

/** Switches in the losses; the tests' describe and it replaced by collectors. */
const mutation: Plugin = {
  name: "mutation",
  enforce: "pre",
  transform: (code, id) => {
    if (MUTATED.test(id)) {
      const first = mutants.length;
      const text = instrument(code, relative(process.cwd(), id), mutants);
      const own = JSON.stringify(Object.fromEntries(mutants.slice(first).map((mutant, i) => [first + i, mutant])));
      return {
        code: `(globalThis.listOfMutants ??= {}, Object.assign(globalThis.listOfMutants, ${own}));\n${text}`,
        map: null,
      };
    }
    if (/test\/distill\/[\w.-]+\.ts$/.test(id))
      return { code: code.replace('from "vitest"', 'from "../mutation/collect.ts"'), map: null };
    return undefined;
  },
};

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  plugins: [mutation],
  test: { include: ["test/mutation/*.mutation.ts"], pool: "forks", maxWorkers: 1, testTimeout: 3_600_000 },
});
