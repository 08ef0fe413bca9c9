// Messages of the schema's errors: what was expected, and the nearest name where a name is wrong.
import { nearestName } from "../errors.ts";

/** The parts of a zod issue that the messages are made from. */
interface Issue {
  readonly code?: string | undefined;
  readonly keys?: readonly string[];
  readonly input?: unknown;
}

/** `"a", "b" or "c"`. */
export function oneOf(names: readonly string[]): string {
  const quoted = names.map((name) => JSON.stringify(name));
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}

/** `; did you mean "x"?`, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const nearest = nearestName(name, candidates);
  return nearest === undefined ? "" : `; did you mean ${JSON.stringify(nearest)}?`;
}

/** Error option of a strict object that names the nearest of its keys. */
export function unknownKey(keys: readonly string[]): { error: (issue: Issue) => string | undefined } {
  return {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? (issue.keys ?? []).map((key) => `unknown key ${JSON.stringify(key)}${didYouMean(key, keys)}`).join("; ")
        : undefined,
  };
}

/** Error option of an enum, or of a union that `discriminator` tells apart, that names the nearest choice. */
export function unknownChoice(
  choices: readonly string[],
  discriminator?: string,
): { error: (issue: Issue) => string | undefined } {
  return {
    error: (issue) => {
      if (issue.code !== "invalid_value" && issue.code !== "invalid_union") return undefined;
      const given = discriminator === undefined ? issue.input : field(issue.input, discriminator);
      const what = `must be ${oneOf(choices)}, got ${given === undefined ? "nothing" : JSON.stringify(given)}`;
      return typeof given === "string" ? what + didYouMean(given, choices) : what;
    },
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
