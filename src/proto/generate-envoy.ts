// Makes envoy.json, the descriptor of Envoy's v3 configuration messages, out of the .proto files that a
// development dependency carries. Run by `npm run proto:envoy` after an update of that package, never by the agent.
// Comments and options (validation rules, annotations) are left out: names, numbers and types remain.

import { existsSync, globSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import protobuf from 'protobufjs';

const PROTO_DIRECTORY = fileURLToPath(new URL('../../node_modules/@grpc/grpc-js-xds/deps/', import.meta.url));
const IMPORT_ROOTS = ['envoy-api', 'googleapis', 'xds'].map((name) => `${PROTO_DIRECTORY}${name}/`);

/** Everything a resource can be or can hold in an Any. */
const ROOT_FILES = [
  'envoy-api/envoy/config/**/v3/*.proto',
  'envoy-api/envoy/extensions/**/*.proto',
  'envoy-api/envoy/type/**/*.proto',
  'xds/xds/{core,type,data}/**/*.proto',
  'xds/udpa/type/**/*.proto',
];

/** Files whose imports the package does not carry. */
const INCOMPLETE = [
  'envoy/config/trace/v3/opencensus.proto',
  'envoy/config/trace/v3/trace.proto',
  'envoy/extensions/access_loggers/open_telemetry/v3/logs_service.proto',
];

/** Imports that define options only. */
const ANNOTATIONS = /^(?:udpa|envoy|xds)\/annotations\/|^validate\//;

function resolveImport(_origin: string, target: string): string | null {
  if (existsSync(target)) return target; // one of the root files
  if (ANNOTATIONS.test(target)) return null; // null: skip the file
  const found = IMPORT_ROOTS.map((root) => root + target).find((path) => existsSync(path));
  return found ?? target; // an absent file fails the load by its name, or is one of protobufjs's own
}

function isComplete(path: string): boolean {
  return !INCOMPLETE.some((name) => path.endsWith(name));
}

function dropOptions(object: protobuf.ReflectionObject): void {
  delete object.options;
  if (object instanceof protobuf.Enum) delete object.valuesOptions;
  if (object instanceof protobuf.Type) [...object.fieldsArray, ...object.oneofsArray].forEach(dropOptions);
  if (object instanceof protobuf.Namespace) object.nestedArray.forEach(dropOptions);
}

const files = globSync(ROOT_FILES, { cwd: PROTO_DIRECTORY }).filter(isComplete).sort();
const root = new protobuf.Root();
root.resolvePath = resolveImport;
await root.load(
  files.map((file) => PROTO_DIRECTORY + file),
  { keepCase: true },
);
root.resolveAll();
dropOptions(root);
writeFileSync(new URL('envoy.json', import.meta.url), JSON.stringify(root.toJSON()));
