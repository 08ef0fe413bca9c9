import type { z } from "zod";
import { ConfigError } from "../../errors.ts";
import type { LoadedConfig, Origin } from "./load-config.ts";

/**
 * Checks a loaded configuration against a schema and fills in its defaults.
 *
 * @throws {ConfigError} with every wrong field at once: file, line, path, what was expected, the nearest name.
 */
export function checkConfig<T extends z.ZodType>(schema: T, { value, origins }: LoadedConfig): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap(withinUnions).map((issue) => {
    const key = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const path = key === undefined ? issue.path : [...issue.path, key];
    return `${place(origins, path)}${issue.path.join(".") || "configuration"}: ${issue.message}`;
  });
  throw new ConfigError([...new Set(lines)].join("\n"));
}

/** Where a value may have several shapes and has one of them: what is wrong within it. */
function withinUnions(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const ofShape = issue.errors.filter((issues) =>
    issues.every(({ code, path }) => code !== "invalid_type" || path.length > 0),
  );
  if (ofShape.length !== 1) return [issue];
  return ofShape[0]!.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(withinUnions);
}

/** `file:line: ` of the path or of the nearest block around it. */
function place(origins: ReadonlyMap<string, Origin>, path: readonly PropertyKey[]): string {
  for (let length = path.length; length > 0; length--) {
    const origin = origins.get(path.slice(0, length).join("."));
    if (origin !== undefined) return origin.line === undefined ? `${origin.file} ` : `${origin.file}:${origin.line}: `;
  }
  return "";
}
