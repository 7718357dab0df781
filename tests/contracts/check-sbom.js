// check-sbom: lists of what a program or an image is made of (toolchain/make-sbom) by CycloneDX's own schema.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import Ajv from "ajv";
import addFormats from "ajv-formats";

const SITE = "http://cyclonedx.org/schema/";
const schemas = join(dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json")), "res", "schema");
const read = (path) => JSON.parse(readFileSync(path, "utf8"));

const ajv = new Ajv({ strict: false, allErrors: true });
addFormats(ajv);
for (const name of ["idn-email", "iri-reference"]) ajv.addFormat(name, true);
for (const name of ["spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json"]) ajv.addSchema(read(join(schemas, name)), SITE + name);
const validate = ajv.compile(read(join(schemas, "bom-1.5.SNAPSHOT.schema.json")));

let breaches = 0;
for (const path of process.argv.slice(2)) {
  const sbom = read(path);
  if (!validate(sbom)) {
    breaches += 1;
    console.error(`check-sbom: ${path}: ${JSON.stringify(validate.errors, null, 1)}`);
  }
  // One that must not pass: the check itself.
  if (validate({ ...sbom, components: [{ ...sbom.components[0], type: "lamp" }] })) {
    breaches += 1;
    console.error("check-sbom: the schema takes anything");
  }
  console.log(`check-sbom: ${path}: ${sbom.components.length} components`);
}
process.exit(breaches === 0 && process.argv.length > 2 ? 0 : 1);
