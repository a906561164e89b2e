// Preloaded into the agent while its code cache is made (code-cache.ts): when the process ends, what V8 has compiled of
// the bundle by then is written to the file that AGENT_CODE_CACHE names.
'use strict';

const { writeFileSync } = require('node:fs');
const vm = require('node:vm');

vm.Script = class extends vm.Script {
  constructor(...given) {
    super(...given);
    process.on('exit', () => writeFileSync(process.env.AGENT_CODE_CACHE, this.createCachedData()));
  }
};
