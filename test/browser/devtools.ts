import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];

/** The browser's executable: TWINSTILL_CHROMIUM, or the first known name on the PATH. */
export function findChromium({ PATH = "", TWINSTILL_CHROMIUM } = process.env as Record<string, string>): string {
  const candidates = TWINSTILL_CHROMIUM
    ? [TWINSTILL_CHROMIUM]
    : PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  const found = candidates.find((path) => isExecutable(path));
  if (found !== undefined) return found;
  const looked = TWINSTILL_CHROMIUM ?? `${NAMES.join(", ")} on the PATH`;
  throw new Error(
    `test:browser: Chromium must be installed, got nothing executable at ${looked}; install it (Debian, Ubuntu: apt-get install chromium) or set TWINSTILL_CHROMIUM to its executable`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly sessionId?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
};

/** A headless browser that is driven through two pipes, so that it opens no port. */
export interface Browser {
  /** Sends a command of the DevTools protocol. */
  readonly send: (method: string, params?: object, sessionId?: string) => Promise<Readonly<Record<string, unknown>>>;
  readonly onEvent: (listener: (message: Message) => void) => void;
  readonly close: () => Promise<void>;
}

/** Starts the browser with a profile of its own. */
export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "twinstill-browser-"));
  // Chromium refuses its sandbox to the superuser, whom containers often run as.
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const flags = ["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars"];
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const child = spawn(findChromium(), [...flags, ...quiet, ...sandbox, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const { send, onEvent } = protocolOver(child);
  const close = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    await send("Browser.close").catch(() => child.kill());
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { send, onEvent, close };
}

/** Requests and answers as JSON between zero bytes. */
function protocolOver(child: ChildProcess): Pick<Browser, "send" | "onEvent"> {
  const input = child.stdio[3] as Writable;
  const output = child.stdio[4] as Readable;
  const waiting = new Map<number, (message: Message) => void>();
  const listeners: ((message: Message) => void)[] = [];
  let rest = "";
  output.setEncoding("utf8").on("data", (text: string) => {
    const parts = (rest + text).split("\0");
    rest = parts.pop()!;
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id === undefined) for (const listener of listeners) listener(message);
      else waiting.get(message.id)?.(message);
    }
  });
  let last = 0;
  const fail = (): void => {
    for (const [id, answer] of waiting) answer({ id, error: { message: "the browser has ended" } });
  };
  child.once("exit", fail);
  child.once("error", fail);
  return {
    onEvent: (listener) => void listeners.push(listener),
    send: (method, params = {}, sessionId) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        waiting.set(id, ({ error, result = {} }) => {
          waiting.delete(id);
          if (error) reject(new Error(`${method}: ${error.message}`));
          else resolve(result);
        });
        input.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
      }),
  };
}
