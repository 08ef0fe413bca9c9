import { DataError } from "../errors.ts";
import { lastLines, runCommand } from "./run-command.ts";

export interface UnpackOptions {
  /** Who unpacks, for messages. Default: installRuntime. */
  readonly what?: string;
  readonly python: string;
  /** Members to keep: those whose name starts with one of these and holds none of `without`. */
  readonly prefixes: readonly string[];
  readonly without?: readonly string[];
  /** Taken off the front of each member's name. */
  readonly strip?: string;
  /** Bytes unpacked so far. */
  readonly onBytes?: (done: number) => void;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly signal?: AbortSignal | undefined;
}

// Python is there anyhow (pip), and its modules check each member's CRC. Prints the bytes done, a number a line.
const PROGRAM = `
import json, os, shutil, sys, tarfile, zipfile
archive, folder, wanted = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
done = 0
def keep(name):
    return name.startswith(tuple(wanted["prefixes"])) and not any(part in name for part in wanted["without"])
def write(source, name, mode):
    global done
    path = os.path.join(folder, name[len(wanted["strip"]):])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as target:
        while True:
            block = source.read(1 << 22)
            if not block: break
            target.write(block)
            done += len(block)
            if len(block) == 1 << 22: print(done, flush=True)
    if mode & 0o100: os.chmod(path, 0o755)
if archive.endswith(".whl"):
    with zipfile.ZipFile(archive) as source:
        for member in source.infolist():
            if not member.is_dir() and keep(member.filename):
                with source.open(member) as data: write(data, member.filename, member.external_attr >> 16)
else:
    with tarfile.open(archive) as source:
        for member in source:
            if member.isfile() and keep(member.name):
                with source.extractfile(member) as data: write(data, member.name, member.mode)
print(done, flush=True)
`;

/**
 * Unpacks the wanted members of a wheel or an npm tarball into a folder.
 *
 * @returns bytes written.
 * @throws {DataError} the archive cannot be read or the folder not written.
 */
export async function unpackArchive(archive: string, folder: string, options: UnpackOptions): Promise<number> {
  const { python, prefixes, without = [], strip = "", onBytes, env, signal, what = "installRuntime" } = options;
  const wanted = JSON.stringify({ prefixes, without, strip });
  let done = 0;
  const onLine = (line: string) => {
    done = Number(line);
    onBytes?.(done);
  };
  const result = await runCommand(python, ["-c", PROGRAM, archive, folder, wanted], {
    env,
    signal,
    onLine,
  });
  signal?.throwIfAborted();
  if (result.status === 0) return done;
  throw new DataError(`${what}: ${archive} must unpack into ${folder}, got: ${lastLines(result.stderr, 1)}`);
}
