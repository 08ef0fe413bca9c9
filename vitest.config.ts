import { defineConfig } from "vitest/config";

const report = process.env.TWINSTILL_TEST_REPORT;

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: report ? ["default", ["json", { outputFile: report }]] : ["default"],
  },
});
