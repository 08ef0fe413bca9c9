export type { LockHolder } from "../files/file-lock.ts";
export { findPython } from "./build-tools.ts";
export { cacheFolder } from "./cache-layout.ts";
export { describeRungs, describeRuntime } from "./describe-runtime.ts";
export { gigabytes } from "./disk-space.ts";
export { inspectRuntime } from "./inspect-runtime.ts";
export type { InstallEvent, InstallStep, OnInstallEvent } from "./install-events.ts";
export { type InstalledRuntime, type InstallOptions, installRuntime } from "./install-runtime.ts";
export { type LoadOptions, loadRuntime, tryRung } from "./load-runtime.ts";
export type {
  NativeRuntime,
  NodeBackend,
  OpAttribute,
  ProtoClass,
  ProtoMessage,
  ProtoModule,
  TensorMetadata,
  TfjsBinding,
} from "./native-types.ts";
export {
  DEVICE_CHOICES,
  type DeviceChoice,
  RUNTIME_KINDS,
  type RungReport,
  type Runtime,
  type RuntimeKind,
  type RuntimeVariant,
} from "./runtime-types.ts";
export { unpackArchive } from "./unpack-archive.ts";
export { downloadWheel, type FetchedWheel } from "./wheel-download.ts";
