import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import {
  type DocumentOptions,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParseOptions,
  parseDocument,
} from "yaml";
import { ConfigError } from "../../errors.ts";

/** Where a value of a configuration was written. */
export interface Origin {
  /** File as the user named it, or `--set`. */
  readonly file: string;
  readonly line?: number;
}

/** A configuration before it is checked: plain values, and where each came from. */
export interface LoadedConfig {
  readonly value: Readonly<Record<string, unknown>>;
  /** Origin by dotted path, for every map, list and scalar. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Folder that relative paths of the `data` block are relative to: that of the file that gives `data.source`. */
  readonly folder: string;
}

type Tree = Record<string, unknown>;

/**
 * Reads a YAML file, with what it `extends:` underneath (maps are merged, everything else is replaced) and the
 * `--set path=value` assignments on top; `path=null` takes a setting away.
 *
 * @throws {ConfigError} unreadable file, wrong YAML (with line), circular extends, or a --set that is no assignment.
 */
export function loadConfig(file: string, sets: readonly string[] = []): LoadedConfig {
  const origins = new Map<string, Origin>();
  const value = readLayer(file, origins, []);
  for (const assignment of sets) applySet(value, origins, assignment);
  const source = origins.get("data.source")?.file ?? file;
  return { value, origins, folder: dirname(resolve(source === SET ? file : source)) };
}

const SET = "--set";

function readLayer(file: string, origins: Map<string, Origin>, chain: readonly string[]): Tree {
  const path = resolve(file);
  if (chain.includes(path))
    throw new ConfigError(`${file}: extends must not be circular, got ${[...chain, path].join(" -> ")}`);
  const lines = new LineCounter();
  const document = parseYaml(file, readText(file), { lineCounter: lines, uniqueKeys: true });
  const [problem] = document.errors;
  if (problem) throw new ConfigError(`${file}:${problem.linePos?.[0].line ?? "?"}: ${problem.message.split("\n")[0]}`);
  if (!isMap(document.contents))
    throw new ConfigError(
      `${file}: configuration must be a map of blocks, got ${document.contents === null ? "an empty file" : "something else"}`,
    );
  const own = guarded(file, () => document.toJS()) as Tree;
  const ownOrigins = new Map<string, Origin>();
  traceOrigins(document.contents, "", (offset) => ({ file, line: lines.linePos(offset).line }), ownOrigins);
  const parent = own.extends;
  delete own.extends;
  ownOrigins.delete("extends");
  if (parent === undefined) return merged({}, own, origins, ownOrigins);
  if (typeof parent !== "string")
    throw new ConfigError(`${file}: extends must be the path of a YAML file, got ${JSON.stringify(parent)}`);
  const below = relative(process.cwd(), resolve(dirname(path), parent));
  return merged(readLayer(below, origins, [...chain, path]), own, origins, ownOrigins);
}

const MOST_CHARACTERS = 2 ** 22;

/** A document of YAML. @throws {ConfigError} it is too long, or nested too deeply for the parser. */
function parseYaml(where: string, text: string, options: ParseOptions & DocumentOptions = {}) {
  if (text.length > MOST_CHARACTERS)
    throw new ConfigError(`${where}: YAML must have at most ${MOST_CHARACTERS} characters, got ${text.length}`);
  return guarded(where, () => parseDocument(text, options));
}

/** The library's own errors (aliases that multiply, nesting that ends its stack) as errors of the configuration. */
function guarded<T>(where: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${where}: configuration must be plain YAML, got: ${reason}`);
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${file}: configuration file must be readable, got ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
    );
  }
}

function traceOrigins(node: unknown, path: string, at: (offset: number) => Origin, origins: Map<string, Origin>): void {
  const note = (child: string, item: unknown, key?: unknown): void => {
    const offset = ((isScalar(key) ? key : item) as Node | null)?.range?.[0];
    if (offset !== undefined) origins.set(child, at(offset));
    traceOrigins(item, child, at, origins);
  };
  const join = (part: string | number): string => (path === "" ? String(part) : `${path}.${part}`);
  if (isMap(node))
    for (const { key, value } of node.items) note(join(String(isScalar(key) ? key.value : key)), value, key);
  if (isSeq(node)) for (const [i, item] of node.items.entries()) note(join(i), item);
}

/** `upper` over `lower`; the origins of what is replaced are replaced with it. */
function merged(
  lower: Tree,
  upper: Tree,
  origins: Map<string, Origin>,
  upperOrigins: ReadonlyMap<string, Origin>,
): Tree {
  const mergeInto = (target: Tree, source: Tree, prefix: string): void => {
    for (const [key, value] of Object.entries(source)) {
      const path = prefix === "" ? key : `${prefix}.${key}`;
      const below = Object.hasOwn(target, key) ? target[key] : undefined;
      if (isTree(below) && isTree(value) && below.kind === (value.kind ?? below.kind)) mergeInto(below, value, path);
      else {
        forget(origins, path);
        define(target, key, value);
      }
    }
  };
  mergeInto(lower, upper, "");
  for (const [path, origin] of upperOrigins) origins.set(path, origin);
  return lower;
}

function forget(origins: Map<string, Origin>, path: string): void {
  for (const known of origins.keys()) if (known === path || known.startsWith(`${path}.`)) origins.delete(known);
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Plain assignment would give `__proto__` a meaning. */
function define(target: Tree, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

/** The plain values that `path=value` assignments give on their own. */
export function assignments(sets: readonly string[]): Readonly<Record<string, unknown>> {
  const value: Tree = {};
  for (const assignment of sets) applySet(value, new Map(), assignment);
  return value;
}

function applySet(value: Tree, origins: Map<string, Origin>, assignment: string): void {
  const split = assignment.indexOf("=");
  const path = assignment.slice(0, split);
  if (split < 1) throw new ConfigError(`--set: assignment must be path=value, got "${assignment}"`);
  const parsed = parseYaml(`--set ${path}`, assignment.slice(split + 1));
  if (parsed.errors.length > 0)
    throw new ConfigError(`--set ${path}: value must be YAML, got "${assignment.slice(split + 1)}"`);
  let target: Tree = value;
  const keys = path.split(".");
  for (const [i, key] of keys.entries()) {
    if (Array.isArray(target) && !(/^\d+$/.test(key) && Number(key) < target.length)) {
      throw new ConfigError(`--set ${path}: "${key}" must be an index below ${target.length}`);
    }
    if (i === keys.length - 1) break;
    const below = Object.hasOwn(target, key) ? target[key] : undefined;
    if (below === undefined) define(target, key, {});
    else if (typeof below !== "object" || below === null) {
      throw new ConfigError(`--set ${path}: "${key}" must be a block, got ${JSON.stringify(below)}`);
    }
    target = target[key] as Tree;
  }
  const last = keys.at(-1)!;
  const assigned: unknown = guarded(`--set ${path}`, () => parsed.toJS());
  forget(origins, path);
  if (assigned === null) takeAway(target, last, path);
  else {
    define(target, last, assigned);
    origins.set(path, { file: SET });
  }
}

function takeAway(target: Tree, key: string, path: string): void {
  if (!Object.hasOwn(target, key))
    throw new ConfigError(`--set ${path}: null must take away a setting, got none there`);
  if (Array.isArray(target))
    throw new ConfigError(`--set ${path}: null must take away a setting, got an entry of a list`);
  delete target[key];
}
