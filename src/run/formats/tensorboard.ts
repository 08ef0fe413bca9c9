import { hostname } from "node:os";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { type FileLayer, nodeFiles } from "../../files/file-layer.ts";
import { framed, scalarsEvent, startEvent, textEvent, versionEvent } from "./tensorboard-records.ts";

/** Writes one TensorBoard event file. A reader that meets a cut last record stops before it and loses nothing else. */
export interface EventWriter {
  readonly path: string;
  /** Scalars of one step; several steps may be written in any order. @throws {DataError} not finite, a full disk. */
  scalars(step: number, scalars: Readonly<Record<string, number>>): Promise<void>;
  /** A text of one step, shown as Markdown: the resolved config, notes. */
  text(step: number, tag: string, markdown: string): Promise<void>;
  /** Returns when the events are on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface EventWriterOptions {
  /** First step of a resumed run: TensorBoard drops the steps from here on that earlier files hold. Default: a new run. */
  readonly resumeStep?: number;
  /** Seconds since 1970. Default: the clock. */
  readonly now?: () => number;
  readonly files?: FileLayer;
}

/**
 * Opens a new event file in a run's folder (made if needed). TensorBoard merges all event files of a folder in the order
 * of their names, so a resumed run opens another one; events already written are never touched.
 *
 * @throws {DataError} the folder or file cannot be made.
 */
export async function openEventWriter(
  folder: string,
  { resumeStep, now = () => Date.now() / 1000, files = nodeFiles }: EventWriterOptions = {},
): Promise<EventWriter> {
  await files.makeFolder(folder);
  const path = await freshPath(folder, now(), files);
  const file = await files.open(path, "create");
  const write = (event: Uint8Array): Promise<void> => file.write(framed(event));
  try {
    await write(versionEvent(now()));
    if (resumeStep !== undefined) await write(startEvent({ wallTime: now(), step: resumeStep }));
    await files.syncFolder(folder);
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    path,
    scalars: async (step, scalars) => {
      assertFinite(path, step, scalars);
      await write(scalarsEvent({ wallTime: now(), step }, scalars));
    },
    text: (step, tag, markdown) => write(textEvent({ wallTime: now(), step }, tag, markdown)),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** events.out.tfevents.<seconds>.<host>.<process>.<number>: sorts after every earlier file of the run. */
async function freshPath(folder: string, seconds: number, files: FileLayer): Promise<string> {
  const earlier = (await files.list(folder)).filter((name) => name.includes("tfevents"));
  const latest = Math.max(0, ...earlier.map((name) => Number(/tfevents\.(\d+)/.exec(name)?.[1] ?? 0)));
  const time = Math.max(Math.floor(seconds), latest + 1);
  return join(folder, `events.out.tfevents.${String(time).padStart(10, "0")}.${hostname()}.${process.pid}.0`);
}

function assertFinite(path: string, step: number, scalars: Readonly<Record<string, number>>): void {
  for (const [tag, value] of Object.entries(scalars)) {
    if (!Number.isFinite(value)) throw new DataError(`${path}: ${tag} of step ${step} must be finite, got ${value}`);
  }
}
