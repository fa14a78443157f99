// Archives made by hand, also such as no tool would make: tar entries and zstd frames without compression.

const octal = (number, width) => number.toString(8).padStart(width - 1, '0') + '\0'

/** One tar entry: header and padded content. `size` may be a lie. */
export function entry (name, { data = '', type = '0', link = '', size = Buffer.byteLength(data), device = [0, 0] } = {}) {
  const header = Buffer.alloc(512)
  const put = (text, at) => header.write(text, at, 'latin1')
  put(name.slice(0, 100), 0)
  put(octal(0o600, 8), 100)
  put(octal(0, 8), 108)
  put(octal(0, 8), 116)
  put(octal(size, 12), 124)
  put(octal(0, 12), 136)
  put('        ', 148)
  put(type, 156)
  put(link, 157)
  put('ustar\0' + '00', 257)
  put(octal(device[0], 8), 329)
  put(octal(device[1], 8), 337)
  put(octal(header.reduce((sum, byte) => sum + byte, 0), 7) + ' ', 148)
  const content = Buffer.from(data)
  return Buffer.concat([header, content, Buffer.alloc((512 - content.length % 512) % 512)])
}

export const tar = (...entries) => Buffer.concat([...entries, Buffer.alloc(1024)])

const BLOCK = 128 * 1024
const block = (size, type, last) => {
  const header = Buffer.alloc(3)
  header.writeUIntLE(size << 3 | type << 1 | (last ? 1 : 0), 0, 3)
  return header
}
// One segment whose content has the given size (RFC 8878, 3.1.1.1).
const frame = size => {
  const header = Buffer.alloc(9)
  header.writeUInt32LE(0xFD2FB528, 0)
  header[4] = 0xA0
  header.writeUInt32LE(size, 5)
  return header
}

/** A zstd frame that stores `data` as it is. */
export function stored (data) {
  const parts = [frame(data.length)]
  for (let at = 0; at < data.length; at += BLOCK) {
    const part = data.subarray(at, at + BLOCK)
    parts.push(block(part.length, 0, at + BLOCK >= data.length), part)
  }
  return Buffer.concat(parts)
}

/** `head`, then `size` equal bytes in very few. */
export function bomb (head, size) {
  const parts = [frame(head.length + size), block(head.length, 0, false), head]
  for (let left = size; left > 0; left -= BLOCK) parts.push(block(Math.min(left, BLOCK), 1, left <= BLOCK), Buffer.from('x'))
  return Buffer.concat(parts)
}
