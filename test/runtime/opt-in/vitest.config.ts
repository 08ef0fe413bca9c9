import { defineConfig } from "vitest/config";

// Checks that download: run by `npm run test:install` and `npm run test:nodes`, never by `npm test`.
// biome-ignore lint/style/noDefaultExport: vitest reads its configuration from the default export.
export default defineConfig({
  test: {
    include: ["test/runtime/opt-in/*.check.ts"],
    pool: "forks",
    fileParallelism: false,
    testTimeout: 1_800_000,
  },
});
