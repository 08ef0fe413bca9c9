import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeMovieLens } from "../data/ml-100k.ts";
import { ConfigError } from "../errors.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { cacheFolder, downloadWheel, type FetchedWheel, findPython, unpackArchive } from "../runtime/index.ts";
import { ExitCode, type Io } from "./io.ts";

export interface DatasetOptions {
  readonly out: string;
  readonly acceptLicence?: true;
}

/** The package whose example folder holds MovieLens-100k. */
const PACKAGE: FetchedWheel = {
  project: "recbole",
  version: "1.2.1",
  file: "recbole-1.2.1-py3-none-any.whl",
  bytes: 2_130_151,
  sha256: "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
  platform: "any",
};
const INSIDE = "recbole/dataset_example/ml-100k/";

const LICENCE = `MovieLens-100k is data of the GroupLens Research Project at the University of Minnesota. Its terms of use, in short
(in full: https://files.grouplens.org/datasets/movielens/ml-100k-README.txt):
  - It is for research. Commercial or revenue-bearing use needs the permission of a faculty member of GroupLens.
  - It may not be redistributed without separate permission.
  - Publications that use it must acknowledge it (Harper and Konstan, ACM TiiS 5(4), 2015) and may not suggest that
    the University of Minnesota or GroupLens endorses them.
  - There is no guarantee that the data are correct or fit for a purpose.
It is taken out of the Python package ${PACKAGE.project} ${PACKAGE.version} (MIT licence, for the package's own code), which pip fetches.
`;

/** `twinstill dataset ml-100k` */
export async function datasetCommand(
  _name: "ml-100k",
  { out, acceptLicence }: DatasetOptions,
  io: Io,
): Promise<number> {
  io.err(LICENCE);
  if (!acceptLicence)
    throw new ConfigError(
      "dataset ml-100k: licence must be agreed to, got no agreement; read it and add --accept-licence",
    );
  const python = await findPython();
  if (python === undefined)
    throw new ConfigError("dataset ml-100k: Python 3.8 or newer with pip must be installed, got none");
  const what = "dataset ml-100k";
  const folder = join(cacheFolder(), "downloads");
  const wheel = await downloadWheel(PACKAGE, {
    what,
    python,
    folder,
    onEvent: (event) => {
      if (event.kind === "retry") io.err(`${what}: again, because ${event.reason}\n`);
    },
  });
  await nodeFiles.makeFolder(out);
  const work = await mkdtemp(join(out, ".ml-100k-"));
  try {
    await unpackArchive(wheel, work, { what, python, prefixes: [INSIDE], strip: INSIDE });
    const target = join(out, "ml-100k.parquet");
    await writeMovieLens(work, target);
    io.out(`${target}: 100,000 ratings of 1,682 films by 943 users\n`);
    return ExitCode.ok;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
