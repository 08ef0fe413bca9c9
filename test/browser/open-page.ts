import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { Browser } from "./devtools.ts";

/** How a page is looked at. */
export interface PageLook {
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
}

/** A page that is open in the browser. */
export interface OpenPage {
  /** Errors and warnings of the console, exceptions, and what the security policy refused. */
  readonly complaints: readonly string[];
  /** Addresses asked for beside the page itself. */
  readonly requests: readonly string[];
  /** Runs an expression in the page. */
  readonly evaluate: <T>(expression: string) => Promise<T>;
  /** What a screen reader is told: role, name and level of each node, in reading order. */
  readonly accessible: () => Promise<readonly AccessibleNode[]>;
  readonly press: (key: string) => Promise<void>;
  /** Writes a PNG of the whole page. */
  readonly screenshot: (path: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface AccessibleNode {
  readonly role: string;
  readonly name: string;
  readonly level: number | undefined;
}

/** Opens a file in a new tab of the given size and colour scheme, and waits until it is loaded. */
export async function openPage(browser: Browser, file: string, { width, height, scheme }: PageLook): Promise<OpenPage> {
  const address = pathToFileURL(file).href;
  const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = (await browser.send("Target.attachToTarget", { targetId, flatten: true })) as {
    readonly sessionId: string;
  };
  const send = (method: string, params: object = {}) => browser.send(method, params, sessionId);
  const complaints: string[] = [];
  const requests: string[] = [];
  const loaded = new Promise<void>((resolve) => {
    browser.onEvent(({ method, params = {}, sessionId: from }) => {
      if (from !== sessionId) return;
      if (method === "Page.loadEventFired") resolve();
      if (method === "Runtime.consoleAPICalled" && (params.type === "error" || params.type === "warning"))
        complaints.push(JSON.stringify(params.args));
      if (method === "Runtime.exceptionThrown" || method === "Log.entryAdded") complaints.push(JSON.stringify(params));
      const { request } = params as { readonly request?: { readonly url: string } };
      if (method === "Network.requestWillBeSent" && request!.url !== address && !request!.url.startsWith("data:"))
        requests.push(request!.url);
    });
  });
  for (const domain of ["Page", "Runtime", "Log", "Network", "Accessibility"]) await send(`${domain}.enable`);
  await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: width < 600 });
  await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
  await send("Page.navigate", { url: address });
  await loaded;
  return {
    complaints,
    requests,
    evaluate: async <T>(expression: string) => {
      const answer = await send("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
      const { result, exceptionDetails } = answer as { result: { value: T }; exceptionDetails?: object };
      if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
      return result.value;
    },
    accessible: async () => accessibleNodes((await send("Accessibility.getFullAXTree")).nodes),
    press: async (key) => {
      const code = { Tab: 9, Enter: 13 }[key] ?? 0;
      for (const type of ["keyDown", "keyUp"])
        await send("Input.dispatchKeyEvent", { type, key, code: key, windowsVirtualKeyCode: code });
    },
    screenshot: async (path) => {
      const { data } = await send("Page.captureScreenshot", { captureBeyondViewport: true, format: "png" });
      writeFileSync(path, Buffer.from(data as string, "base64"));
    },
    close: async () => {
      await browser.send("Target.closeTarget", { targetId });
    },
  };
}

interface RawNode {
  readonly ignored?: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value: unknown } }[];
}

function accessibleNodes(nodes: unknown): readonly AccessibleNode[] {
  return (nodes as readonly RawNode[])
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, properties = [] }) => ({
      role: role?.value ?? "",
      name: name?.value ?? "",
      level: properties.find((property) => property.name === "level")?.value.value as number | undefined,
    }));
}
