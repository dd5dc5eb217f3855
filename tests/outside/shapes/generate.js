// Writes a JSON Schema for each named type of roots.ts, and why where there is none: node generate.js OUT NAME…
const { writeFileSync } = require('node:fs');
const tsj = require('ts-json-schema-generator');

const config = { path: 'roots.ts', tsconfig: 'tsconfig.json', skipTypeCheck: true, functions: 'hide' };
const program = tsj.createProgram(config);
const parser = tsj.createParser(program, config);
const generator = new tsj.SchemaGenerator(program, parser, tsj.createFormatter(config), config);
const schemas = {};
const failed = {};
const [out, ...names] = process.argv.slice(2);
for (const name of names) {
  try {
    schemas[name] = generator.createSchema(name);
  } catch (error) {
    failed[name] = String(error.message).slice(0, 300);
  }
}
writeFileSync(out, JSON.stringify({ schemas, failed }));
