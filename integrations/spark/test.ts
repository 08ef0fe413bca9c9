// npm run test:spark: the filter inside local-cluster Spark. Needs python3, Java 17 and a package index; makes its own
// virtual environment in the user's cache folder, once.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { randomStream } from "../../src/random.ts";
import { cacheFolder } from "../../src/runtime/cache-layout.ts";
import { finishScore, writeOffline } from "../../test/run/offline-setting.ts";
import { finishRun, nativeEngine } from "../../test/run/small-run.ts";

const ROWS = 20_000;
const here = import.meta.dirname;

function preparedPython(): string {
  const environment = join(cacheFolder(), "test-spark");
  const marker = join(environment, "requirements.txt");
  const python = join(environment, "bin", "python");
  const requirements = readFileSync(join(here, "requirements.txt"), "utf8");
  if (existsSync(marker) && readFileSync(marker, "utf8") === requirements) return python;
  console.error("test:spark: preparing Spark in the cache folder (about 1 GB, once)");
  rmSync(environment, { recursive: true, force: true });
  mkdirSync(cacheFolder(), { recursive: true });
  execFileSync("python3", ["-m", "venv", environment], { stdio: "inherit" });
  execFileSync(python, ["-m", "pip", "install", "--quiet", "-r", join(here, "requirements.txt")], { stdio: "inherit" });
  writeFileSync(marker, requirements);
  return python;
}

/** Rows of new days; some users and items are new to the teacher. */
function rowsToScore(): string {
  const stream = randomStream(11, "rows to score");
  const lines = ["line,user,age,item,topic,hour,day,rating"];
  for (let row = 0; row < ROWS; row++) {
    const [user, item] = [stream.integer(33), stream.integer(22)];
    lines.push([row, `u${user}`, user % 5, item, `t${item % 3}`, stream.integer(3), 12, 3].join(","));
  }
  return `${lines.join("\n")}\n`;
}

const folder = mkdtempSync(join(tmpdir(), "twinstill-spark-"));
try {
  const native = await nativeEngine();
  writeOffline(folder);
  writeFileSync(join(folder, "big.csv"), rowsToScore());
  await finishRun(join(folder, "teacher.yaml"), join(folder, "teacher"), { native });
  const sets = ["data.source=big.csv", "data.split={ by: expression, train: day == 12 }", "score={ }"];
  await finishScore(folder, { native, sets });
  const command = [process.execPath, resolve(here, "../../dist/cli/main.js")];
  const python = preparedPython();
  const spark = execFileSync(python, ["-c", "import os, pyspark; print(os.path.dirname(pyspark.__file__))"]);
  execFileSync(python, [join(here, "test_spark.py"), folder, JSON.stringify(command)], {
    stdio: "inherit",
    env: {
      ...process.env,
      SPARK_LOCAL_IP: "127.0.0.1",
      PYTHONPATH: here,
      SPARK_HOME: String(spark).trim(),
      PYSPARK_PYTHON: python,
    },
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
