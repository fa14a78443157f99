// Puts the page of the API's documentation (served at /docs) into dist: ours and Swagger UI's, nothing from elsewhere.
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const target = path.join(root, 'dist/api-docs');
fs.cpSync(path.join(root, 'api-docs'), target, { recursive: true });
for (const name of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
  const source = fs.readFileSync(path.join(root, 'node_modules/swagger-ui-dist', name), 'utf8');
  fs.writeFileSync(path.join(target, name), source.replace(/\n\/[/*]# sourceMappingURL=.*$/m, ''));
}
