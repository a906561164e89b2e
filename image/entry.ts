// What is bundled: the agent, and stacks that name its sources.

import '../src/cli/agent.ts';

import { namingSources } from './source-stacks.ts';

Error.prepareStackTrace = namingSources(__filename, Error.prepareStackTrace.bind(Error));
