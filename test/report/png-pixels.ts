import { inflateSync } from "node:zlib";

/** Size of a PNG and how many of its pixels are not white (8 bits a channel, RGB or RGBA). */
export function inkOf(png: Uint8Array): { width: number; height: number; inked: number } {
  const file = Buffer.from(png);
  const [width, height] = [file.readUInt32BE(16), file.readUInt32BE(20)];
  const channels = file[25] === 6 ? 4 : 3;
  const parts: Buffer[] = [];
  for (let at = 8; at < file.length; at += 12 + file.readUInt32BE(at)) {
    if (file.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const pixels = unfiltered(inflateSync(Buffer.concat(parts)), width * channels, channels);
  let inked = 0;
  for (let i = 0; i < pixels.length; i += channels) if (pixels[i]! + pixels[i + 1]! + pixels[i + 2]! < 765) inked++;
  return { width, height, inked };
}

/** Undoes the filters of the PNG specification, section 9.2. */
function unfiltered(data: Buffer, stride: number, channels: number): Uint8Array {
  const rows = data.length / (stride + 1);
  const out = new Uint8Array(rows * stride);
  for (let row = 0; row < rows; row++) {
    const filter = data[row * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const at = row * stride + x;
      const left = x >= channels ? out[at - channels]! : 0;
      const up = row > 0 ? out[at - stride]! : 0;
      const corner = row > 0 && x >= channels ? out[at - stride - channels]! : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      out[at] = data[row * (stride + 1) + 1 + x]! + guess;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const near = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
  if (near[0]! <= near[1]! && near[0]! <= near[2]!) return left;
  return near[1]! <= near[2]! ? up : corner;
}
