import { ConfigError } from "../errors.ts";
import { didYouMean } from "./config-messages.ts";

/** @throws {ConfigError} the name is none of the known ones; names the nearest. */
export function checkName(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const hint = didYouMean(name, known);
  throw new ConfigError(`batch spec: ${what} must be among ${known.join(", ")}, got ${JSON.stringify(name)}${hint}`);
}

/** `batch spec: <rule>, got <got>`. */
export function outOfRange(rule: string, got: unknown): ConfigError {
  return new ConfigError(`batch spec: ${rule}, got ${String(got)}`);
}
