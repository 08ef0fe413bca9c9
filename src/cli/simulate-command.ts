import { ConfigError } from "../errors.ts";
import { assignments } from "../run/config/load-config.ts";
import { cascadeConfig } from "../simulate/cascade-config.ts";
import { writeCascade } from "../simulate/write-cascade.ts";
import { ExitCode, type Io } from "./io.ts";

export interface SimulateOptions {
  readonly out: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly json?: true;
  readonly quiet?: true;
}

/** `twinstill simulate cascade` */
export async function simulateCommand({ out, set = [], seed, json, quiet }: SimulateOptions, io: Io): Promise<number> {
  const given = assignments(seed === undefined ? set : [...set, `seed=${seed}`]);
  const parsed = cascadeConfig.safeParse(given);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map(({ path, message }) => `simulate cascade: ${path.join(".")}: ${message}`).join("\n"),
    );
  }
  const report = await writeCascade(parsed.data, out, (done) => {
    if (!quiet && done % 4000 === 0)
      io.err(`simulate: ${done.toLocaleString("en")} of ${parsed.data.requests.toLocaleString("en")} requests\n`);
  });
  if (json) io.out(`${JSON.stringify(report)}\n`);
  else {
    const { requests, rows, clicks, conversions, itemsNeverExposed } = report;
    io.out(
      `${requests.toLocaleString("en")} requests, ${rows.toLocaleString("en")} exposed rows, ${clicks.toLocaleString("en")} clicks, ${conversions.toLocaleString("en")} conversions; `,
    );
    io.out(`${itemsNeverExposed} of ${parsed.data.items} items were never shown. In ${out}\n`);
  }
  return ExitCode.ok;
}
