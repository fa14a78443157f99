// The invoice as a PDF, written by hand: one page of text needs no library.
import { order, products } from './products.mjs';

const escape = (text) => text.replace(/[“”]/g, '"').replace(/[\\()]/g, '\\$&');

function lines() {
  const rows = order.lines.map(([sku, count]) => {
    const product = products.find((p) => p.sku === sku);
    return { text: `${count} x ${product.name}`, sum: count * product.price };
  });
  const total = rows.reduce((sum, row) => sum + row.sum, 0);
  return [
    ['Tomtit & Sons', 20],
    [`Invoice ${order.number}`, 14],
    [`Date ${order.date}`, 11],
    ['', 11],
    ...rows.map((row) => [`${row.text.padEnd(40)} ${row.sum.toFixed(2).padStart(9)} EUR`, 11]),
    ['', 11],
    [`${'Total'.padEnd(40)} ${total.toFixed(2).padStart(9)} EUR`, 11],
  ];
}

export function invoicePdf() {
  const content = `BT 60 780 Td\n${lines().map(([text, size]) => `/F1 ${size} Tf 0 -${size + 10} Td (${escape(text)}) Tj`).join('\n')}\nET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>',
  ];
  let file = '%PDF-1.4\n';
  const places = objects.map((object, i) => {
    const place = file.length;
    file += `${i + 1} 0 obj\n${object}\nendobj\n`;
    return place;
  });
  const table = file.length;
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.map((p) => `${String(p).padStart(10, '0')} 00000 n \n`).join('')}`;
  return Buffer.from(`${file}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`, 'latin1');
}
