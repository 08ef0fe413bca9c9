// Jobs whose files break at a seeded operation, and that are then gone on with: the result is that of an unbroken job.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nodeFiles } from "../../src/files/file-layer.ts";
import { randomStream } from "../../src/random.ts";
import { readSafetensors } from "../../src/run/formats/safetensors-read.ts";
import { type Failure, failingFiles } from "../files/failing-files.ts";
import { nativeEngine } from "../run/small-run.ts";
import { folderContents } from "./folder-contents.ts";
import { JOB_NAMES, prepareJobs, type TinyJob } from "./jobs.ts";
import { isLong, times } from "./long-part.ts";

const POINTS = times({ quick: 2, long: 100 });
let folder: string;
let jobs: readonly TinyJob[];
beforeAll(async () => {
  await nativeEngine();
  folder = mkdtempSync(join(tmpdir(), "twinstill-crash-"));
  jobs = await prepareJobs(folder, undefined); // op by op: the files are the same, and a job takes a quarter of the time
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Files by name; reading them parses JSON, which half a file is not. */
type Contents = ReturnType<typeof folderContents>;

/** Names of files that are under their final name and are not what a whole job writes there. */
async function halfWritten(out: string, found: Contents, whole: Contents): Promise<string[]> {
  const wrong: string[] = [];
  for (const [name, content] of Object.entries(found)) {
    if (/(^|\/)\.|\.lock$/.test(name)) continue; // temporary names, and the lock
    const pointed = /(^|\/)checkpoints\/(latest|best)$/.test(name)
      ? join(dirname(name), content.trim(), "state.json")
      : undefined;
    if (pointed !== undefined) {
      if (!(pointed in found && pointed in whole)) wrong.push(name);
    } else if (name.startsWith("lists/")) await readSafetensors(join(out, name));
    else if (name.endsWith(".jsonl")) {
      if (!whole[name]!.startsWith(content)) wrong.push(name);
    } else if (!replaced(name, whole) && content !== whole[name]) wrong.push(name);
  }
  return wrong;
}

/** True for what a job replaces by and by: a state whose evaluation comes later, a store's header and receipts, a table with failed runs. */
function replaced(name: string, whole: Contents): boolean {
  return (
    /\/state\.json$|^results\.json$/.test(name) ||
    (!(name in whole) && /^(job|done-1-of-1|[a-z]+-\d+)\.json$/.test(name))
  );
}

/** Seeded operations, from 1: every third one is a rename or a removal, where a folder is between two states. */
function crashPoints(names: readonly string[], job: string): readonly number[] {
  const stream = randomStream(isLong ? 1 : 2, "crash points", job);
  const turns = names.flatMap((name, i) => (name === "rename" || name === "remove" ? [i + 1] : []));
  return Array.from({ length: POINTS }, (_, i) =>
    i % 3 === 1 ? turns[stream.integer(turns.length)]! : 1 + stream.integer(names.length),
  );
}

async function breakAndGoOn(job: TinyJob, unbroken: Contents, failure: Failure): Promise<void> {
  const kept = ({ mayGoFurther }: TinyJob, contents: Contents): Contents =>
    failure.kind === "dies" || mayGoFurther === undefined
      ? contents
      : Object.fromEntries(Object.entries(contents).filter(([name]) => !mayGoFurther.test(name)));
  const whole = kept(job, unbroken);
  const where = `${job.name} ${failure.kind} at operation ${failure.at}`;
  const out = join(folder, `${job.name}-${failure.kind}-${failure.at}`);
  const { files } = failingFiles(nodeFiles, failure);
  const error = await job.run(out, { files }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  // A failure may come where nothing hangs on it, such as the tidying of a whole store: then the job is done.
  if (error !== undefined) expect((error as Error).message, where).toContain(`operation `);
  mkdirSync(out, { recursive: true });
  expect(await halfWritten(out, kept(job, folderContents(out)), whole), where).toEqual([]);
  await job.run(out, { resume: true });
  expect(kept(job, folderContents(out)), where).toEqual(whole);
  rmSync(out, { recursive: true });
}

describe.each(JOB_NAMES)("%s, broken off", (name) => {
  it(`at ${POINTS} operations on files, goes on to the same bits`, async () => {
    const job = jobs.find((candidate) => candidate.name === name)!;
    const { files, names } = failingFiles(nodeFiles, { at: Number.POSITIVE_INFINITY, kind: "dies" });
    const out = join(folder, `${name}-whole`);
    await job.run(out, { files });
    const whole = folderContents(out);
    for (const [i, at] of crashPoints(names, name).entries())
      await breakAndGoOn(job, whole, { at, kind: i % 3 === 0 ? "fails" : "dies" });
  });
});
