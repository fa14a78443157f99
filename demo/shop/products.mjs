// What the demo's shop sells. Prices in euros.
export const products = [
  ['Copper kettle', 'Kitchen', 49.9, 12, 4.6, '🫖'],
  ['Walnut chopping board', 'Kitchen', 34.5, 30, 4.8, '🪵'],
  ['Enamel mug, set of two', 'Kitchen', 18.0, 84, 4.4, '☕'],
  ['Cast-iron pan 26 cm', 'Kitchen', 59.0, 7, 4.9, '🍳'],
  ['Linen tea towel', 'Kitchen', 9.95, 140, 4.2, '🧺'],
  ['Desk lamp “Halo”', 'Study', 79.0, 16, 4.5, '💡'],
  ['Notebook, dotted, A5', 'Study', 12.4, 210, 4.7, '📓'],
  ['Fountain pen', 'Study', 42.0, 25, 4.6, '🖋️'],
  ['Wool desk mat', 'Study', 38.9, 0, 4.1, '🧶'],
  ['Brass ruler', 'Study', 15.2, 61, 4.3, '📏'],
  ['Picnic blanket', 'Garden', 44.0, 19, 4.5, '🧣'],
  ['Pruning shears', 'Garden', 27.8, 33, 4.8, '✂️'],
  ['Watering can 5 l', 'Garden', 31.0, 22, 4.6, '🪴'],
  ['Bird feeder “Tomtit”', 'Garden', 23.6, 48, 4.9, '🐦'],
  ['Storm lantern', 'Garden', 36.3, 9, 4.4, '🏮'],
].map(([name, department, price, stock, rating, picture], i) => ({ sku: `RP-${String(i + 101)}`, name, department, price, stock, rating, picture }));

export const reviews = [
  ['Marta K.', 5, 'The kettle sings in tune. My neighbours have asked where it is from.'],
  ['Жанна П.', 5, 'Блокнот отличный, бумага плотная, перо не царапает.'],
  ['健一', 4, 'ランタンは思ったより明るい。箱も美しい。'],
  ['Tom B.', 4, 'Shears are sharp enough to worry about. Delivery took three days.'],
];

export const order = { number: '2026-0042', date: '2026-11-20', lines: [['RP-101', 1], ['RP-107', 3], ['RP-114', 2]] };
