import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../../", import.meta.url));

// The long part of the robustness tests: run by `npm run test:long`, never by `npm test`.
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  root,
  test: {
    include: ["test/robustness/**/*.test.ts", "test/robustness/**/*.long.ts"],
    setupFiles: ["test/setup.ts"],
    env: { TWINSTILL_LONG: "1" },
    pool: "forks",
    execArgv: ["--expose-gc"],
    maxWorkers: 2,
    testTimeout: 3_600_000,
    hookTimeout: 300_000,
  },
});
