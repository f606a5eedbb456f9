import { type CloseCode, closeCodes, parserCloseCodes } from '../../codes.ts';
import { Failure } from '../exit.ts';
import { refused, strangeAnswer } from './refusal.ts';
import type { Target } from './target.ts';
import { reasonOf, unreachable } from './unreachable.ts';
import type { Ending } from './uplink.ts';

/** What to do when a connection ended: come back, or give up with what the operator is told. */
export type Verdict = { readonly retry: string; readonly least: number } | { readonly fail: Failure };

const table: readonly CloseCode[] = Object.values(closeCodes);

/** `followed` says that it worked before: only then a server that cannot be reached is waited for. */
export function judge(target: Target, ending: Ending, followed: boolean): Verdict {
  switch (ending.kind) {
    case 'silent':
      return { retry: 'the server went silent', least: 0 };
    case 'strange':
      return { fail: strangeAnswer(target, ending.status) };
    case 'broken':
      if (!followed) return { fail: unreachable(target, ending.thrown) };
      return { retry: reasonOf(ending.thrown), least: 0 };
    case 'refused': {
      const { status, code, retryAfter = 0 } = ending.refusal;
      if (!followed || status < 429) return { fail: refused(target, ending.refusal) };
      return { retry: `refused: ${code}`, least: retryAfter * 1000 };
    }
    case 'closed':
      return judgeClose(ending.code);
  }
}

function judgeClose(code: number): Verdict {
  if (code === closeCodes.tokenExpired.code) {
    return {
      fail: new Failure(
        `the token expired or was revoked (${code}).\n  Give a fresh one by --token (FANWIRE_TOKEN).`,
      ),
    };
  }
  const known = table.find((row) => row.code === code);
  const fatal = known ? !known.retry : code in parserCloseCodes;
  const reason =
    known?.reason ?? Object.entries(parserCloseCodes).find(([name]) => Number(name) === code)?.[1];
  const text = `${reason ?? 'the connection broke'} (${code})`;
  return fatal
    ? { fail: new Failure(`the server closed the connection: ${text}.`) }
    : { retry: text, least: 0 };
}
