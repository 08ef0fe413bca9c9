import { join } from "node:path";
import { ConfigError } from "../errors.ts";
import { nodeFiles } from "../files/file-layer.ts";
import { embedEntities } from "../run/embed.ts";
import { openRun } from "../run/open-run.ts";
import type { CommonOptions } from "./cli.ts";
import { ExitCode, type Io } from "./io.ts";
import { loadEngine } from "./load-engine.ts";

export interface EmbedOptions extends CommonOptions {
  readonly run: string;
  readonly out: string;
}

/** `twinstill embed` */
export async function embedCommand(options: EmbedOptions, io: Io): Promise<number> {
  const { run, out, json } = options;
  const { native } = await loadEngine(options, io, ["embed", "--run", run, "--out", out]);
  const opened = await openRun(run, { native });
  try {
    if (opened.models.student === undefined)
      throw new ConfigError(`--run ${run}: run must have a student, got a teacher alone`);
    await nodeFiles.makeFolder(out);
    const users = await embedEntities(opened, "user", join(out, "users.parquet"));
    const items = await embedEntities(opened, "item", join(out, "items.parquet"));
    if (json) io.out(`${JSON.stringify({ users, items, out })}\n`);
    else io.out(`${users.rows} user and ${items.rows} item vectors of width ${items.width} in ${out}\n`);
    return ExitCode.ok;
  } finally {
    opened.program.close();
  }
}
