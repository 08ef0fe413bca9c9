// Writes docs/configuration.md and docs/run.schema.json from the schema itself: npm run docs:config
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { runConfig } from "../../src/run/config/run-config.ts";

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

/** The JSON Schema of a run's YAML file, for editors. */
export function configSchema(reused: "inline" | "ref" = "ref"): object {
  return { ...z.toJSONSchema(runConfig, { io: "input", unrepresentable: "any", reused }), title: "twinstill run" };
}

/** The reference of a run's YAML file as Markdown: one section a block, one row a setting. */
export function configReference(): string {
  const root = configSchema("inline") as Node;
  const sections = Object.entries(root.properties!).map(([name, node]) => {
    const rows = settingRows(node, name);
    const table =
      rows.length === 0 ? [] : ["", "| setting | values | default | meaning |", "|---|---|---|---|", ...rows];
    return [
      `## \`${name}\``,
      "",
      [node.description ?? "", `${valuesOf(node)}${defaultOf(node)}`].filter(Boolean).join(" "),
      ...table,
    ].join("\n");
  });
  return [
    "# Configuration of a run",
    "",
    "One YAML file a run. `extends: other.yaml` puts it on top of another file (maps are merged, everything else is replaced);",
    "`--set path=value` changes single settings. Unknown keys are errors that name file, line and the nearest known key. The",
    "resolved configuration is written to the run folder. [run.schema.json](run.schema.json) gives editors completion: put",
    "`# yaml-language-server: $schema=<path to>/run.schema.json` on the first line.",
    "",
    "Made from the schema by `npm run docs:config`.",
    "",
    sections.join("\n\n"),
    "",
  ].join("\n");
}

function settingRows(node: Node, path: string): string[] {
  const rows: string[] = [];
  const visit = (child: Node, at: string, required: boolean): void => {
    rows.push(
      `| \`${at}\` | ${valuesOf(child)} | ${required ? "required" : defaultCell(child)} | ${(child.description ?? "").replaceAll("|", "\\|")} |`,
    );
    descend(child, at);
  };
  const descend = (child: Node, at: string): void => {
    for (const [name, next] of Object.entries(child.properties ?? {}))
      visit(next, `${at}.${name}`, child.required?.includes(name) ?? false);
    if (child.items) descendVariants(child.items, `${at}[]`);
    if (typeof child.additionalProperties === "object") descendVariants(child.additionalProperties, `${at}.<name>`);
    for (const variant of child.oneOf ?? []) descendVariants(variant, at);
  };
  const descendVariants = (child: Node, at: string): void => {
    const kind = child.properties?.kind?.const ?? child.properties?.role?.const;
    descend(child, kind === undefined ? at : `${at}{${String(kind)}}`);
  };
  descend(node, path);
  return [...new Set(rows)];
}

function valuesOf(node: Node): string {
  if (node.const !== undefined) return `\`${JSON.stringify(node.const)}\``;
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  const variants = node.anyOf ?? node.oneOf;
  if (variants) return [...new Set(variants.map(valuesOf))].filter(Boolean).join(" or ");
  if (node.type === "array") return `list of ${node.items ? valuesOf(node.items) : "values"}`;
  if (node.type === "object") return "block";
  if (node.type === "number" || node.type === "integer") return numberRange(node);
  return node.type ?? "";
}

function numberRange({ type, minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Node): string {
  const low =
    exclusiveMinimum !== undefined
      ? `> ${exclusiveMinimum}`
      : minimum !== undefined && minimum > -1e15
        ? `>= ${minimum}`
        : "";
  const high =
    exclusiveMaximum !== undefined
      ? `< ${exclusiveMaximum}`
      : maximum !== undefined && maximum < 1e15
        ? `<= ${maximum}`
        : "";
  return [type === "integer" ? "whole number" : "number", low, high].filter(Boolean).join(" ");
}

function defaultOf(node: Node): string {
  return node.default === undefined ? "" : ` Default: \`${JSON.stringify(node.default)}\`.`;
}

function defaultCell(node: Node): string {
  return node.default === undefined ? "" : `\`${JSON.stringify(node.default).replaceAll("|", "\\|")}\``;
}

/** The two documents by path. */
export function configDocuments(): Readonly<Record<string, string>> {
  return {
    "docs/configuration.md": configReference(),
    "docs/run.schema.json": `${JSON.stringify(configSchema(), null, 2)}\n`,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [path, text] of Object.entries(configDocuments())) writeFileSync(path, text);
}
