// The page of benchmarks of looks: `elements` interactive ones among headings, texts and labels.
const row = i => `<li class="item"><h2>Item ${i}</h2><p>Costs ${i}.50 and is in stock.</p><a href="#${i}">Details ${i}</a>
<label>Amount ${i} <input type=number value=1></label><label><input type=checkbox> Gift ${i}</label><button onclick="this.dataset.n = 1">Add item ${i}</button></li>`;

export const shopPage = elements => `<!doctype html><title>Shop</title><ul>${Array.from({ length: elements / 4 }, (_, i) => row(i)).join('')}</ul>`;
