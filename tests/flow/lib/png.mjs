// Reads the pixels of a PNG as Chromium writes it (8 bits per channel, RGB or RGBA, not interlaced).
import zlib from 'node:zlib';

const paeth = (a, b, c) => {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
};
const FILTERS = [() => 0, (a) => a, (a, b) => b, (a, b) => (a + b) >> 1, paeth];

/** {width, height, at(x, y) -> [r, g, b]} */
export function readPng(file) {
  const parts = [];
  let header;
  for (let at = 8; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const kind = file.toString('latin1', at + 4, at + 8);
    const data = file.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') header = { width: data.readUInt32BE(0), height: data.readUInt32BE(4), channels: data[9] === 6 ? 4 : 3 };
    if (kind === 'IDAT') parts.push(data);
    at += length + 12;
  }
  const { width, height, channels } = header;
  const raw = zlib.inflateSync(Buffer.concat(parts));
  const row = width * channels;
  const pixels = Buffer.alloc(row * height);
  for (let y = 0; y < height; y++) {
    const filter = FILTERS[raw[y * (row + 1)]];
    for (let x = 0; x < row; x++) {
      const left = x >= channels ? pixels[y * row + x - channels] : 0;
      const up = y ? pixels[(y - 1) * row + x] : 0;
      const corner = y && x >= channels ? pixels[(y - 1) * row + x - channels] : 0;
      pixels[y * row + x] = raw[y * (row + 1) + 1 + x] + filter(left, up, corner);
    }
  }
  return { width, height, at: (x, y) => [...pixels.subarray(y * row + x * channels, y * row + x * channels + 3)] };
}

/** How many pixels are as `test(r, g, b)` wants. */
export function countPixels(file, test) {
  const png = readPng(file);
  let count = 0;
  for (let y = 0; y < png.height; y++) for (let x = 0; x < png.width; x++) if (test(...png.at(x, y))) count++;
  return count;
}
