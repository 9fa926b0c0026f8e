// Each bundled program imports this first: traces name the files and lines of our sources. Node's own --enable-source-maps
// reads the maps of all packages at every start, 0.4 s of a core in a worker; this reads one, when a trace is asked for.
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const maps = new Map();

function mapOf(script) {
  if (!maps.has(script)) {
    let map;
    try {
      map = new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(script)}.map`, 'utf8')));
    } catch {
      // a script of a package, or a bundle that was removed since: its own place is all that is known
    }
    maps.set(script, map);
  }
  return maps.get(script);
}

function describe(frame) {
  const text = String(frame);
  const script = frame.getScriptNameOrSourceURL();
  if (!script?.startsWith('file:')) return text;
  const [line, column] = [frame.getLineNumber(), frame.getColumnNumber()];
  const entry = mapOf(script)?.findEntry(line - 1, column - 1);
  if (entry?.originalSource === undefined) return text;
  const source = pathToFileURL(join(dirname(fileURLToPath(script)), entry.originalSource)).href;
  return text.replace(
    `${script}:${line}:${column}`,
    `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`,
  );
}

Error.prepareStackTrace = (error, frames) => {
  const head = Error.prototype.toString.call(error);
  return [head, ...frames.map((frame) => `    at ${describe(frame)}`)].join('\n');
};
