// check-contracts: config/schemas by the tools of their own formats: every JSON Schema by Ajv in its strict mode, with the
// examples beside this file (good ones must pass, bad ones must not), and the AsyncAPI document by AsyncAPI's parser.
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Parser, fromFile } from "@asyncapi/parser";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const here = dirname(fileURLToPath(import.meta.url));
const schemas = join(here, "..", "..", "config", "schemas");
const read = (...path) => JSON.parse(readFileSync(join(...path), "utf8"));
let breaches = 0;

function complain(text) {
  breaches += 1;
  console.error(`check-contracts: ${text}`);
}

function compile() {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true });
  addFormats(ajv);
  const names = readdirSync(schemas).filter((name) => name.endsWith(".schema.json"));
  for (const name of names) ajv.addSchema(read(schemas, name));
  const validators = new Map();
  for (const name of names) {
    try {
      validators.set(name.replace(".schema.json", ""), ajv.getSchema(read(schemas, name).$id));
    } catch (error) {
      complain(`${name}: ${error.message}`);
    }
  }
  return validators;
}

function checkExamples(validators) {
  for (const { schema, good, why, payload } of read(here, "examples.json")) {
    const validate = validators.get(schema);
    if (validate === undefined) complain(`an example is of "${schema}", which has no schema`);
    else if (validate(payload) !== good) {
      complain(`${schema}: ${why} should ${good ? "pass" : "fail"}: ${JSON.stringify(validate.errors)}`);
    }
  }
}

async function checkAsyncApi(validators) {
  const { document, diagnostics } = await fromFile(new Parser(), join(schemas, "asyncapi.yaml")).parse();
  for (const { severity, message, path } of diagnostics) {
    if (severity <= 1) complain(`asyncapi.yaml: ${path.join(".")}: ${message}`);
  }
  if (document === undefined) return;
  const said = new Set(document.components().messages().all().map((message) => message.id()));
  for (const name of validators.keys()) {
    if (name !== "common" && !said.has(name)) complain(`asyncapi.yaml has no message for ${name}.schema.json`);
  }
}

const validators = compile();
checkExamples(validators);
await checkAsyncApi(validators);
console.log(`check-contracts: ${validators.size} schemas and asyncapi.yaml, ${breaches} breaches`);
process.exitCode = breaches === 0 ? 0 : 1;
