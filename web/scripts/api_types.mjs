// Writes src/shared/api/schema.d.ts of an OpenAPI document: `npm run api -- http://127.0.0.1:8000/openapi.json`. Only the
// components that src/shared/api/types.ts names are kept, and what they refer to.
import fs from 'node:fs';
import path from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const folder = path.resolve(import.meta.dirname, '../src/shared/api');
const HEADER = '/** The objects of the API as its OpenAPI document tells them: made by `npm run api`, never edited. */\n';

const usedNames = () => new Set([...fs.readFileSync(path.join(folder, 'types.ts'), 'utf8').matchAll(/(?:Answer<\s*|schemas'\]\[)'(\w+)'/g)].map((match) => match[1]));

const withReferences = (names, schemas) => {
  for (const name of names) {
    if (!schemas[name]) throw new Error(`the API knows no ${name}`);
    for (const [, other] of JSON.stringify(schemas[name]).matchAll(/"#\/components\/schemas\/(\w+)"/g)) names.add(other);
  }
  return [...names].sort();
};

export async function typesOf(document) {
  const { schemas } = document.components;
  // Answers may gain members: the document says so, but types with "anything else" in them tell nothing.
  const closed = (schema) => {
    const copy = { ...schema };
    delete copy.additionalProperties;
    return copy;
  };
  const kept = Object.fromEntries(withReferences(usedNames(), schemas).map((name) => [name, closed(schemas[name])]));
  const ast = await openapiTS({ ...document, paths: {}, components: { schemas: kept } }, { alphabetize: true });
  return HEADER + astToString(ast);
}

if (process.argv[1] === import.meta.filename) {
  const document = await (await fetch(process.argv[2] ?? 'http://127.0.0.1:8000/openapi.json')).json();
  fs.writeFileSync(path.join(folder, 'schema.d.ts'), await typesOf(document));
}
