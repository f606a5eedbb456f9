import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { certificate } from '../access/certificate.ts';
import { eventually } from '../support/eventually.ts';
import { Directory } from '../support/server-process.ts';
import { page } from './installation.ts';
import { Running } from './shell.ts';

/** Debian has it where only root's path looks. */
const path = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

/** A real nginx with the configuration of the page, but for its port, its files and the address of the upstream. */
export class Nginx implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #directory = new Directory();
  readonly #running: Running;

  private constructor(port: number, configuration: string) {
    this.port = port;
    this.url = `https://127.0.0.1:${port}`;
    this.#writeCertificate();
    const file = this.#directory.join('nginx.conf');
    writeFileSync(file, this.#main(this.#placed(configuration)));
    const args = ['-p', this.#directory.path, '-e', 'stderr', '-c', file, '-g', 'daemon off;'];
    this.#running = new Running('nginx', args, { cwd: this.#directory.path, env: { PATH: path } });
  }

  /** In front of the server with this address, which may be away. `change` is for what happens without a line. */
  static async start(
    upstream: string,
    change = (text: string): string => text,
    { away = false } = {},
  ): Promise<Nginx> {
    const text = change(page.file('fanwire.conf')).replace('127.0.0.1:8000', new URL(upstream).host);
    const nginx = new Nginx(await freePort(), text);
    const answers = async (): Promise<boolean> => {
      if (/\[emerg\]/.test(nginx.#running.output)) throw new Error(nginx.#running.output);
      return (await nginx.get('/health').catch(() => null))?.status === (away ? 502 : 200);
    };
    await eventually(answers, 'nginx passes on');
    return nginx;
  }

  /** What its access log has so far. */
  get accessLog(): string {
    return readFileSync(this.#directory.join('access.log'), 'utf8');
  }

  /** By HTTP/1.1 and TLS. */
  async get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.call('GET', target, headers);
  }

  async call(
    method: string,
    target: string,
    headers: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<Answer> {
    const sent = request(`${this.url}${target}`, {
      method,
      headers,
      rejectUnauthorized: false,
      agent: false,
    });
    sent.end(body);
    const [response] = await once(sent, 'response');
    let text = '';
    for await (const part of response) text += part;
    return { status: response.statusCode, headers: response.headers, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.signal('SIGKILL');
    await this.#running.ended;
    this.#directory[Symbol.dispose]();
  }

  #placed(configuration: string): string {
    return configuration
      .replace('listen 443 ssl http2;', `listen 127.0.0.1:${this.port} ssl http2;`)
      .replace(/\/etc\/nginx\/fan\.example\.com/g, this.#directory.join('fan'))
      .replace('/var/log/nginx/fanwire.log', this.#directory.join('access.log'));
  }

  /** What Debian's own `nginx.conf` has around, in places of ours. */
  #main(configuration: string): string {
    const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${this.#directory.join(name)};`,
    );
    return [
      process.getuid?.() === 0 ? 'user root;' : '',
      `pid ${this.#directory.join('pid')};`,
      page.file('nginx-main.conf'),
      `http {\n${own.join('\n')}\n${configuration}}\n`,
    ].join('\n');
  }

  #writeCertificate(): void {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(this.#directory.join('fan.crt'), certificate(privateKey, publicKey));
    writeFileSync(this.#directory.join('fan.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** nginx cannot say which port it was given: one that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
