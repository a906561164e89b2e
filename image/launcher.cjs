// What the image runs as `agent`: the bundle beside it, compiled ahead of time where this Node takes the code cache.
// It parses under an old Node, which then says what it lacks. NODE_DEBUG=agent tells whether the cache was taken.
'use strict';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(`agent needs Node 24 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 255;
} else {
  const { existsSync, readFileSync } = require('node:fs');
  const { debuglog } = require('node:util');
  const { Script } = require('node:vm');
  const filename = `${__dirname}/agent.cjs`;
  const cache = `${__dirname}/agent.cache`;
  const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
  const script = new Script(readFileSync(filename, 'latin1'), { filename, cachedData });
  debuglog('agent')('code cache %s', script.cachedDataRejected === false ? 'taken' : 'not taken');
  script.runInThisContext()(exports, require, module, filename, __dirname);
}
