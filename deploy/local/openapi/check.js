// Checks a description of an API (a file of JSON) against the schema of its version of OpenAPI, and that every reference in
// it points to something. Prints the version, or what is wrong.
import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';

const validator = new Validator();
const result = await validator.validate(JSON.parse(readFileSync(process.argv[2], 'utf8')));
if (!result.valid) {
  console.log(JSON.stringify(result.errors, null, 1));
  process.exit(1);
}
validator.resolveRefs(); // throws when a reference points nowhere
console.log(validator.version);
