import { execFile } from 'node:child_process';
import { channel, type Participant } from './participant.ts';

/** Publishes over HTTP, by the command `curl`. `fail` hears of a request that did not succeed. */
export function curl(server: string, fail: (why: string) => void): Participant {
  const address = '/ws/send-to-channel';
  return {
    name: 'http',
    address: `POST ${address}`,
    library: 'curl',
    ears: null,
    say(text) {
      const body = JSON.stringify({ channel, message: { content: text } });
      const how = ['--silent', '--show-error', '--fail-with-body'];
      const what = ['--header', 'Content-Type: application/json', '--data', body];
      execFile('curl', [...how, ...what, `${server}${address}`], (error) => {
        if (error) fail(error.message);
      });
      return `POST ${address} ${body}`;
    },
    close() {},
  };
}
