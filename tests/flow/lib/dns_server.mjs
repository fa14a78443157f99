/* A DNS server whose answers a test decides: startDns((name, type) => answer), where an answer is a list of addresses
 * (those of the other family are left out), {addresses, ttl}, 'nxdomain', 'silence' or raw bytes. Every question is kept
 * in `asked`. */
import dgram from 'node:dgram';
import net from 'node:net';

const TYPES = { 1: 'A', 28: 'AAAA' };

function readQuestion(packet) {
  const labels = [];
  let at = 12;
  while (packet[at]) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + packet[at]));
    at += packet[at] + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: TYPES[packet.readUInt16BE(at + 1)] ?? 'other', end: at + 5 };
}

function addressBytes(address) {
  if (net.isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head, tail] = address.split('::').map((part) => (part ? part.split(':') : []));
  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function record(address, ttl) {
  const data = addressBytes(address), head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0); // the name of the question
  head.writeUInt16BE(data.length === 4 ? 1 : 28, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttl, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}

function answerPacket(packet, question, answer) {
  const { addresses = [], ttl = 0 } = Array.isArray(answer) ? { addresses: answer } : answer === 'nxdomain' ? {} : answer;
  const records = addresses.filter((address) => net.isIPv4(address) === (question.type === 'A') && question.type !== 'other');
  const head = Buffer.from(packet.subarray(0, 12));
  head.writeUInt16BE(answer === 'nxdomain' ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, packet.subarray(12, question.end), ...records.map((address) => record(address, ttl))]);
}

export async function startDns(decide) {
  const socket = dgram.createSocket('udp4');
  const server = { decide, asked: [], address: '' };
  socket.on('message', (packet, from) => {
    const question = readQuestion(packet);
    server.asked.push(`${question.type} ${question.name}`);
    const answer = server.decide(question.name, question.type);
    if (answer === 'silence') return;
    socket.send(Buffer.isBuffer(answer) ? answer : answerPacket(packet, question, answer), from.port, from.address);
  });
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  server.address = `127.0.0.1:${socket.address().port}`;
  server.stop = () => new Promise((resolve) => socket.close(resolve));
  return server;
}
