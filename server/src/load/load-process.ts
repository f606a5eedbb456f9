import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Answer, JobTable, Request } from './answer.ts';
import { Refused } from './refused.ts';

/** The process that makes the load. It does one job at a time, and ends with `await using`, or with this process. */
export class LoadProcess<T extends JobTable<T>> implements AsyncDisposable {
  readonly child: ChildProcess;

  /** `script` calls `answerJobs`. `prefix` is a command that starts Node, as in `taskset -c 1`. @default none */
  constructor(script: string, prefix: readonly string[] = []) {
    const [command = process.execPath, ...args] = [...prefix, process.execPath, script];
    this.child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    // Told by `call`.
    this.child.on('error', () => {});
  }

  /** Rejects with the job's error, a `Refused` where the server refused, or when it takes longer than `timeoutMs`. */
  async call<K extends keyof T>(kind: K, job: T[K]['job'], timeoutMs: number): Promise<T[K]['result']> {
    const request: Request<T, K> = { kind, job };
    const message = await this.#ask(request, timeoutMs);
    if (message.ok) return message.result;
    throw message.refusal === undefined
      ? new Error(message.error)
      : new Refused(message.error, message.refusal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null)
      return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  async #ask<K extends keyof T>(request: Request<T, K>, timeoutMs: number): Promise<Answer<T[K]['result']>> {
    const signal = AbortSignal.timeout(timeoutMs);
    const ended = new AbortController();
    const answer = once(this.child, 'message', { signal: AbortSignal.any([signal, ended.signal]) });
    const onEnd = () => ended.abort();
    this.child.once('exit', onEnd);
    try {
      this.child.send(request);
      const [message] = (await answer) as [Answer<T[K]['result']>];
      return message;
    } catch (error) {
      if (signal.aborted) throw new Error(`the load took longer than ${timeoutMs / 1000} s`);
      if (ended.signal.aborted) throw new Error('the load process ended early');
      throw error;
    } finally {
      this.child.off('exit', onEnd);
    }
  }
}
