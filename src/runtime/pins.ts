// Everything that the runtime downloads, pinned: versions, sizes and SHA-256 sums of the files on PyPI (read from its
// index and measured on the downloaded files), integrity of the packages on npm (from the registry's metadata).
import type { RuntimeVariant } from "./runtime-types.ts";

/** TensorFlow whose C library the addon is built against. */
export const TENSORFLOW_VERSION = "2.21.0";
/** tfjs-node-gpu, and the tfjs that it belongs to. */
export const TFJS_VERSION = "4.22.0";
/** glibc that the wheels (manylinux_2_27) need. */
export const GLIBC_NEEDED = "2.27";

/** One wheel: where pip finds it, how to know it, and what of it is unpacked. */
export interface WheelPin {
  readonly project: string;
  readonly version: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Platform tag that pip is asked for. */
  readonly platform: string;
  readonly members: "tensorflow" | "nvidia";
  /** Bytes of the members that are kept. */
  readonly unpackedBytes: number;
}

/** One npm package whose JavaScript the runtime needs. */
export interface PackagePin {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** tfjs-node-gpu's JavaScript and addon sources, and the one dependency that our part of it uses. */
export const PACKAGE_PINS: readonly PackagePin[] = [
  {
    name: "@tensorflow/tfjs-node-gpu",
    version: TFJS_VERSION,
    integrity: "sha512-p//NN6DGiN4hInUmIkRffaFVMcdTREUMjPyjW04J7OXvB2zBlQimj61eFKSgRrH3f5TnOfKzb0n56he/B6a4bw==",
  },
  {
    name: "google-protobuf",
    version: "3.21.4",
    integrity: "sha512-MnG7N936zcKTco4Jd2PX2U96Kf9PxygAPKBug+74LHzmHXmceN16MmRcdgZv+DGef/S9YvQAfRsNCn4cjf9yyQ==",
  },
];

const X64 = "manylinux_2_27_x86_64";

const CPU_X64: readonly WheelPin[] = [
  {
    project: "tensorflow-cpu",
    version: TENSORFLOW_VERSION,
    file: `tensorflow_cpu-${TENSORFLOW_VERSION}-cp311-cp311-${X64}.whl`,
    bytes: 273_829_956,
    sha256: "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
    platform: X64,
    members: "tensorflow",
    unpackedBytes: 853_868_899,
  },
];

const CPU_ARM64: readonly WheelPin[] = [
  {
    project: "tensorflow",
    version: TENSORFLOW_VERSION,
    file: `tensorflow-${TENSORFLOW_VERSION}-cp311-cp311-manylinux_2_27_aarch64.whl`,
    bytes: 281_828_020,
    sha256: "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
    platform: "manylinux_2_27_aarch64",
    members: "tensorflow",
    unpackedBytes: 883_622_171,
  },
];

/** A CUDA wheel of NVIDIA's: name and version, platform tags, bytes, SHA-256, bytes kept. */
function nvidia(
  name: string,
  version: string,
  tags: string,
  [bytes, unpackedBytes]: readonly [number, number],
  sha256: string,
): WheelPin {
  return {
    project: `nvidia-${name}-cu12`,
    version,
    file: `nvidia_${name.replaceAll("-", "_")}_cu12-${version}-py3-none-${tags}.whl`,
    bytes,
    sha256,
    platform: tags.split(".")[0]!,
    members: "nvidia",
    unpackedBytes,
  };
}

const M2010 = "manylinux2010_x86_64.manylinux_2_12_x86_64";
const M2014 = "manylinux2014_x86_64.manylinux_2_17_x86_64";

// TensorFlow with CUDA 12 kernels and the packages that its `and-cuda` extra names, at versions inside its bounds.
const CUDA_X64: readonly WheelPin[] = [
  {
    project: "tensorflow",
    version: TENSORFLOW_VERSION,
    file: `tensorflow-${TENSORFLOW_VERSION}-cp311-cp311-${X64}.whl`,
    bytes: 572_440_367,
    sha256: "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
    platform: X64,
    members: "tensorflow",
    unpackedBytes: 1_259_581_043,
  },
  nvidia(
    "cublas",
    "12.9.3.13",
    X64,
    [581_217_458, 855_064_416],
    "d7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72",
  ),
  nvidia(
    "cuda-cupti",
    "12.9.79",
    "manylinux_2_25_x86_64",
    [10_814_997, 43_365_768],
    "096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f",
  ),
  nvidia(
    "cuda-nvcc",
    "12.9.86",
    M2010,
    [40_546_229, 97_998_760],
    "5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0",
  ),
  nvidia(
    "cuda-nvrtc",
    "12.9.86",
    M2010,
    [89_568_129, 227_340_992],
    "210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4",
  ),
  nvidia(
    "cuda-runtime",
    "12.9.79",
    M2014,
    [3_493_179, 5_342_176],
    "25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3",
  ),
  nvidia(
    "cudnn",
    "9.28.0.42",
    X64,
    [716_538_495, 1_162_393_472],
    "9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375",
  ),
  nvidia(
    "cufft",
    "11.4.1.4",
    M2014,
    [200_877_592, 293_609_416],
    "c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28",
  ),
  nvidia(
    "curand",
    "10.3.10.19",
    X64,
    [68_295_626, 166_965_432],
    "49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e",
  ),
  nvidia(
    "cusolver",
    "11.7.5.82",
    X64,
    [338_117_415, 494_975_064],
    "15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88",
  ),
  nvidia(
    "cusparse",
    "12.5.10.65",
    M2014,
    [366_465_088, 486_556_368],
    "73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78",
  ),
  nvidia(
    "nccl",
    "2.32.3",
    X64,
    [351_526_311, 489_653_380],
    "bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c",
  ),
  nvidia(
    "nvjitlink",
    "12.9.86",
    M2010,
    [39_748_338, 95_935_344],
    "e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9",
  ),
];

const WHEELS: Readonly<Record<string, readonly WheelPin[]>> = {
  "linux-x64-cpu": CPU_X64,
  "linux-x64-cuda": CUDA_X64,
  "linux-arm64-cpu": CPU_ARM64,
};

/** The wheels that this variant is made of, or undefined where none are pinned. */
export function wheelsFor(os: string, arch: string, variant: RuntimeVariant): readonly WheelPin[] | undefined {
  return WHEELS[`${os}-${arch}-${variant}`];
}
