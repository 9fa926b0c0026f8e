import { execFile } from 'node:child_process';
import http2 from 'node:http2';
import { env as inherited } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { embeddedEnvironment } from '../child-environment.ts';
import { Failure } from '../failures.ts';
import { searchAttributes } from '../search-attributes.ts';
import type { Addresses } from './addresses.ts';
import { addressesFile } from './chosen.ts';
import type { PortName } from './chosen.ts';
import { markOf } from './ending.ts';
import { markVariable } from './ownership.ts';
import type { Health, Launch, Part } from './part.ts';
import { describeListener, isFree, listenerOf } from './ports.ts';
import { variableOf } from './processes.ts';
import type { ProcessIdentity } from './processes.ts';
import { locateToolchain } from './toolchain.ts';

const run = promisify(execFile);

const namespace = 'default';
const retention = '30d';

/** A person's default profile (TLS, keys) is for real servers. */
const withoutProfile = ['--disable-config-file', '--disable-config-env'];

/**
 * Asks gRPC's standard health service. Spoken by hand (an empty message is five zero bytes), because the client
 * library costs the supervisor 60 MB for the sake of this one question.
 */
function isServing(port: number, timeoutMs = 5_000): Promise<boolean> {
  return new Promise((resolve) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const finish = (serving: boolean): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    const timer = setTimeout(finish, timeoutMs, false);
    session.once('error', () => finish(false));
    const request = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    request.once('error', () => finish(false));
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Field 1, SERVING.
    request.once('end', () =>
      finish(
        Buffer.concat(chunks)
          .subarray(5)
          .equals(Buffer.from([0x08, 0x01])),
      ),
    );
    request.end(Buffer.alloc(5));
  });
}

/** The embedded Temporal: its development server with its data in a file. */
export function temporalPart(addresses: Addresses): Part {
  const { stateFolder } = addresses;
  const ports: PortName[] = ['temporal', 'temporalUi'];
  const program = (): string => locateToolchain(stateFolder).temporal;
  const environment = embeddedEnvironment(inherited);
  let seenListening: number | undefined;
  // `temporal` on PATH may be a script that starts the real one.
  const isMarked = (pid: number): boolean =>
    variableOf(pid, markVariable) === markOf(stateFolder, 'temporal');

  const operate = (args: string[]): Promise<{ stdout: string }> =>
    run(
      program(),
      [
        ...['operator', ...args, '--address', addresses.temporalAddress, '--namespace', namespace],
        ...withoutProfile,
      ],
      { env: environment, timeout: 10_000 },
    );

  return {
    name: 'temporal',
    needs: [],
    runsOurCode: false,
    stop: { signal: 'SIGTERM', graceMs: 10_000 },
    silentLimitMs: 60_000,
    address: () => addresses.temporalAddress,

    async prepare(): Promise<Launch> {
      await addresses.choosePorts(ports);
      for (const name of ports) {
        const port = addresses.port(name);
        if (await isFree(port)) continue;
        throw new Failure(
          'Infrastructure',
          `a port in use: Temporal's ${port} is held by ${describeListener(port)}: end it, or change the number in ${addressesFile(addresses.stateFolder)}`,
        );
      }
      const options = {
        // Relative to its working folder: the name becomes part of an address, in which "?", "#" and "%" mean something.
        'db-filename': 'temporal.db',
        ip: '127.0.0.1',
        port: addresses.port('temporal'),
        'ui-port': addresses.port('temporalUi'),
        'log-level': 'error',
        // Without it the server ignores the priorities of daily runs and backfills.
        'dynamic-config-value': 'matching.useNewMatcher=true',
      };
      const attributes = Object.entries(searchAttributes).map(([name, type]) => `${name}=${type}`);
      return {
        command: program(),
        args: [
          ...['server', 'start-dev'],
          ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
          ...attributes.flatMap((attribute) => ['--search-attribute', attribute]),
          ...withoutProfile,
        ],
        env: environment,
        cwd: stateFolder,
      };
    },

    async health(server: ProcessIdentity): Promise<Health> {
      const port = addresses.port('temporal');
      if (!(await isServing(port))) return 'silent';
      if (seenListening === server.pid) return 'serving';
      // Two stacks that start at once may both have found a port free: the answer may be the other one's.
      const listener = listenerOf(port);
      const isOurs = listener === server.pid || (listener !== undefined && isMarked(listener));
      if (listener !== undefined && !isOurs) return 'starting';
      seenListening = server.pid;
      return 'serving';
    },

    async settle(): Promise<void> {
      // The port answers some moments before the namespace is there.
      for (let attempt = 1; ; attempt++) {
        try {
          const { stdout } = await operate(['search-attribute', 'list']);
          const missing = Object.keys(searchAttributes).filter((name) => !stdout.includes(name));
          if (missing.length > 0)
            throw new Error(`search attributes ${missing.join(', ')} are not registered`);
          await operate(['namespace', 'update', '--retention', retention]);
          break;
        } catch (error) {
          if (attempt === 50) throw error;
          await sleep(100);
        }
      }
      addresses.prove(ports);
    },
  };
}
