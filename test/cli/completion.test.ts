// Whole processes: the library behind these commands writes to the process's own standard output.

import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');

function agent(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [AGENT, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** The words offered where `words` end. */
function offered(...words: string[]): (string | undefined)[] {
  const { status, stdout } = agent('complete', '--', ...words);
  equal(status, 0);
  const lines = stdout.trimEnd().split('\n');
  equal(lines.pop(), ':4', 'no files are offered');
  return lines.map((line) => line.split('\t')[0]);
}

describe('complete', () => {
  it('offers commands, but not itself', () => {
    deepEqual(offered('pro'), ['proxy']);
    deepEqual(offered('comp'), ['completion']);
    deepEqual(offered('help', 'ver'), ['version']);
  });

  it('offers kinds of nodes, flags of the command, and the values of a flag', () => {
    deepEqual(offered('proxy', ''), ['sidecar', 'router', 'waypoint', 'ztunnel', 'agentgateway']);
    deepEqual(offered('proxy', '--restart'), ['--restart-policy']);
    deepEqual(offered('proxy', 'sidecar', '--restart-policy', ''), ['never', 'on-failure', 'always']);
    deepEqual(offered('proxy', '--domain', ''), []);
    deepEqual(offered('request', '--debug-port', '1502'), ['15020', '15021']);
    deepEqual(offered('wait', '--log_as'), ['--log_as_json']);
  });

  it('says what a word means unless it is told not to', () => {
    match(agent('complete', '--', 'pro').stdout, /^proxy\tRun Envoy/);
    match(agent('--no-descriptions=true', 'complete', '--', 'pro').stdout, /^proxy\t?\n/);
  });
});

describe('completion', () => {
  it('prints a script for each shell, for both names of the program', () => {
    for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
      const { status, stdout, stderr } = agent('completion', shell);
      deepEqual([status, stderr], [0, ''], shell);
      match(stdout, /agent complete '?--'? /, shell);
      match(stdout, /pilot-agent/, shell);
      doesNotMatch(stdout, /no-descriptions/, shell);
    }
  });

  it('refuses other shells, with one error', () => {
    const { status, stderr } = agent('completion', 'tcsh');

    deepEqual([status, stderr], [255, 'Error: name one shell: bash, zsh, fish, powershell, not "tcsh"\n']);
    equal(agent('completion').status, 255);
  });

  describe('in bash', () => {
    let folder: TemporaryDirectory;
    beforeEach(async () => {
      folder = await temporaryDirectory();
      const program = join(folder.path, 'agent');
      await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${AGENT}' "$@"\n`);
      await chmod(program, 0o755);
    });
    afterEach(() => folder.remove());

    function completed(script: readonly string[], ...words: string[]): string {
      const lines = [
        `source <(agent completion bash ${script.join(' ')})`,
        `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})`,
        `COMP_CWORD=${words.length - 1}`,
        '__agent_complete',
        'echo "${COMPREPLY[*]}"',
        'complete -p pilot-agent',
      ];
      const { stdout } = spawnSync('bash', ['--norc', '-c', lines.join('\n')], {
        env: { PATH: `${folder.path}:${process.env['PATH']}` },
        encoding: 'utf8',
      });
      const [reply = '', registered] = stdout.trimEnd().split('\n');
      equal(registered, 'complete -F __agent_complete pilot-agent');
      return reply;
    }

    it('completes commands, flags and values', () => {
      equal(completed([], 'agent', 'pro'), 'proxy');
      equal(completed([], 'agent', 'proxy', '--restart'), '--restart-policy');
      equal(completed([], 'agent', 'proxy', 'rou'), 'router');
      equal(completed(['--no-descriptions'], 'agent', 'version', '-o', 'j'), 'json');
    });
  });
});
