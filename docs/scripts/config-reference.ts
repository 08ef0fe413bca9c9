// Writes the references and JSON schemas of the YAML files from the schemas themselves: npm run docs:config
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { cascadeRunConfig } from "../../src/run/cascade/cascade-config.ts";
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

/** A YAML file that has a reference. */
interface Documented {
  readonly what: "run" | "cascade";
  readonly schema: z.ZodType;
  readonly reference: string;
}

const DOCUMENTED: readonly Documented[] = [
  { what: "run", schema: runConfig, reference: "docs/configuration.md" },
  { what: "cascade", schema: cascadeRunConfig, reference: "docs/cascade-configuration.md" },
];

/** The JSON Schema of a YAML file, for editors. */
function configSchema({ what, schema }: Documented, reused: "inline" | "ref"): object {
  return { ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any", reused }), title: `twinstill ${what}` };
}

/** The reference of a YAML file as Markdown: one section a block, one row a setting. */
function configReference(documented: Documented): string {
  const { what } = documented;
  const root = configSchema(documented, "inline") as Node;
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
    `# Configuration of a ${what}`,
    "",
    `One YAML file a ${what}. \`extends: other.yaml\` puts it on top of another file (maps are merged, everything else is replaced);`,
    "`--set path=value` changes single settings. Unknown keys are errors that name file, line and the nearest known key. The",
    `resolved configuration is written to the run folder. [${what}.schema.json](${what}.schema.json) gives editors completion: put`,
    `\`# yaml-language-server: $schema=<path to>/${what}.schema.json\` on the first line.`,
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

/** The documents by path. */
export function configDocuments(): Readonly<Record<string, string>> {
  const documents = DOCUMENTED.flatMap((documented): (readonly [string, string])[] => [
    [documented.reference, configReference(documented)],
    [`docs/${documented.what}.schema.json`, `${JSON.stringify(configSchema(documented, "ref"), null, 2)}\n`],
  ]);
  return Object.fromEntries(documents);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [path, text] of Object.entries(configDocuments())) writeFileSync(path, text);
}
