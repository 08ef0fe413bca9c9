// `npm run docs:licences` writes the licences of the packages that an installation brings along into NOTICE, from the
// lockfile.
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const HEADING = "Packages that npm installs with twinstill, by licence:";

interface LockedPackage {
  readonly dev?: boolean;
  readonly license?: string;
}

/** NOTICE with the list of packages in the lockfile; what stands above the list stays. */
export function noticeText(notice: string, lockfile: string): string {
  const { packages } = JSON.parse(lockfile) as { readonly packages: Readonly<Record<string, LockedPackage>> };
  const byLicence = new Map<string, Set<string>>();
  for (const [path, { dev, license = "not stated" }] of Object.entries(packages)) {
    if (path === "" || dev) continue;
    const names = byLicence.get(license) ?? new Set();
    byLicence.set(license, names.add(path.replace(/^.*node_modules\//, "")));
  }
  const lists = [...byLicence].sort().map(([licence, names]) => `${licence}:\n${wrapped([...names].sort())}`);
  return `${notice.split(HEADING)[0]!.trimEnd()}\n\n${HEADING}\n\n${lists.join("\n\n")}\n`;
}

/** Names with commas between them, in lines of at most 118 characters. */
function wrapped(names: readonly string[]): string {
  const lines = [""];
  for (const name of names) {
    if (`${lines.at(-1)} ${name},`.length > 118) lines.push("");
    lines[lines.length - 1] += `${lines.at(-1) === "" ? "  " : " "}${name},`;
  }
  return lines.join("\n").replace(/,$/, "");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync("NOTICE", noticeText(readFileSync("NOTICE", "utf8"), readFileSync("package-lock.json", "utf8")));
