/**
 * What stands before the object store of tests. Google's XML interface, by which the Delta library writes, is answered in
 * words of the JSON interface, which is all that the store has; everything else is passed on as it came.
 *
 *     node test/support/object-store-front.mjs <port> <port of the store>
 *
 * Faults, for tests: a bucket called `forbidden` refuses everything with 403. `POST /faults/lose-answer?suffix=.json` lets the next object
 * whose name ends so be stored without an answer.
 */
import { createServer, request } from 'node:http';

const json = /^\/(?:storage|upload|download|resumable|batch|b|_internal)(?:\/|$)/;

/** Listens on loopback; `target` is the store's port. @returns {Promise<import('node:http').Server>} */
export function startFront(port, target) {
  /** Ends of names of objects whose next answer is lost. */
  const losing = [];

  const server = createServer((incoming, outgoing) => {
    const url = new URL(incoming.url ?? '/', 'http://store');
    if (url.pathname === '/faults/lose-answer' && incoming.method === 'POST') {
      losing.push(url.searchParams.get('suffix') ?? '');
      outgoing.end();
    } else if (isForbidden(url)) {
      incoming.resume();
      outgoing.writeHead(403, { 'content-type': 'application/json' });
      outgoing.end(
        JSON.stringify({
          error: { code: 403, message: 'account does not have storage.objects.create access (forbidden)' },
        }),
      );
    } else if (json.test(url.pathname)) {
      passOn(incoming, outgoing);
    } else {
      answerXml(incoming, outgoing, url).catch((error) => {
        if (!outgoing.headersSent) outgoing.writeHead(500);
        outgoing.end(String(error));
      });
    }
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });

  function isForbidden({ pathname }) {
    return /^\/(?:(?:upload\/|download\/)?(?:storage\/v1\/)?b\/)?forbidden(?:\/|$)/.test(pathname);
  }

  function passOn(incoming, outgoing) {
    const { method, url, headers } = incoming;
    const passed = request({ host: '127.0.0.1', port: target, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.once('error', () => outgoing.destroy());
    incoming.pipe(passed);
  }

  async function answerXml(incoming, outgoing, url) {
    const [, bucket = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const name = rest.join('/');
    const body = await bodyOf(incoming);
    const object = `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
    if (incoming.method === 'PUT') {
      const match = incoming.headers['x-goog-if-generation-match'];
      const only = match === undefined ? '' : `&ifGenerationMatch=${match}`;
      const stored = await ask(
        'POST',
        `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}${only}`,
        body,
        { 'content-type': incoming.headers['content-type'] ?? 'application/octet-stream' },
      );
      const lost = losing.findIndex((suffix) => name.endsWith(suffix));
      if (stored.status === 200 && lost >= 0) {
        losing.splice(lost, 1);
        incoming.socket.destroy();
        return;
      }
      outgoing.writeHead(stored.status, stored.status === 200 ? marks(JSON.parse(stored.body)) : {});
      outgoing.end(stored.status === 200 ? '' : stored.body);
    } else if (incoming.method === 'DELETE') {
      const { status, body: said } = await ask('DELETE', object);
      outgoing.writeHead(status === 200 ? 204 : status);
      outgoing.end(status === 200 ? '' : said);
    } else if (name === '') {
      await list(outgoing, bucket, url.searchParams);
    } else {
      await read(incoming, outgoing, object);
    }
  }

  async function read(incoming, outgoing, object) {
    const found = await ask('GET', object);
    if (found.status !== 200) {
      outgoing.writeHead(found.status);
      outgoing.end(found.body);
      return;
    }
    const metadata = JSON.parse(found.body);
    if (incoming.method === 'HEAD') {
      outgoing.writeHead(200, { ...marks(metadata), 'content-length': metadata.size });
      outgoing.end();
      return;
    }
    const range = incoming.headers.range;
    const content = await ask('GET', `${object}?alt=media`, undefined, range === undefined ? {} : { range });
    outgoing.writeHead(content.status, {
      ...marks(metadata),
      'content-length': content.bytes.length,
      ...(content.headers['content-range'] && { 'content-range': content.headers['content-range'] }),
    });
    outgoing.end(content.bytes);
  }

  async function list(outgoing, bucket, asked) {
    const query = new URLSearchParams();
    for (const [theirs, ours] of [
      ['prefix', 'prefix'],
      ['delimiter', 'delimiter'],
      ['start-after', 'startOffset'],
      ['max-keys', 'maxResults'],
      ['continuation-token', 'pageToken'],
    ]) {
      const value = asked.get(theirs);
      if (value !== null) query.set(ours, value);
    }
    const found = await ask('GET', `/storage/v1/b/${bucket}/o?${query}`);
    if (found.status !== 200) {
      outgoing.writeHead(found.status);
      outgoing.end(found.body);
      return;
    }
    const { items = [], prefixes = [], nextPageToken } = JSON.parse(found.body);
    const after = asked.get('start-after');
    const contents = items
      .filter(({ name }) => after === null || name > after)
      .map(
        ({ name, size, updated, etag, generation }) =>
          `<Contents><Key>${escaped(name)}</Key><Size>${size}</Size><LastModified>${updated}</LastModified>` +
          `<ETag>${escaped(quoted(etag ?? generation))}</ETag></Contents>`,
      );
    const folders = prefixes.map(
      (prefix) => `<CommonPrefixes><Prefix>${escaped(prefix)}</Prefix></CommonPrefixes>`,
    );
    const next = nextPageToken
      ? `<NextContinuationToken>${escaped(nextPageToken)}</NextContinuationToken>`
      : '';
    outgoing.writeHead(200, { 'content-type': 'application/xml' });
    outgoing.end(
      `<?xml version="1.0"?><ListBucketResult>${contents.join('')}${folders.join('')}${next}</ListBucketResult>`,
    );
  }

  function ask(method, path, body, headers = {}) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': body.length };
      const asked = request(
        {
          host: '127.0.0.1',
          port: target,
          method,
          path,
          headers: { ...headers, ...length, host: `127.0.0.1:${port}` },
        },
        async (answer) => {
          const bytes = await bodyOf(answer);
          resolve({
            status: answer.statusCode ?? 502,
            headers: answer.headers,
            bytes,
            body: bytes.toString(),
          });
        },
      );
      asked.once('error', reject);
      asked.end(body);
    });
  }
}

function marks({ etag, generation, updated }) {
  return {
    etag: quoted(etag ?? generation),
    'x-goog-generation': String(generation),
    'last-modified': new Date(updated).toUTCString(),
  };
}

function quoted(etag) {
  return String(etag).startsWith('"') ? String(etag) : `"${etag}"`;
}

function escaped(text) {
  return String(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

async function bodyOf(stream) {
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

if (process.argv[1]?.endsWith('object-store-front.mjs')) {
  const [port, target] = process.argv.slice(2).map(Number);
  await startFront(port, target);
  process.stdout.write('listening\n');
}
