import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { deployFolder, read } from './support.ts';

const script = path.join(deployFolder, 'push.sh');
const scratch = mkdtempSync(path.join(tmpdir(), 'sevenfold-push-'));
after(() => rmSync(scratch, { recursive: true }));

const variables = path.join(scratch, 'a.tfvars');
writeFileSync(variables, 'project_id = "my-project"\n  region="europe-west3" # near\n');

/** Programs that a shell script of ours needs, and none that rolls out. */
const tools = path.join(scratch, 'bin');
mkdirSync(tools);
for (const name of ['bash', 'cat', 'dirname', 'git', 'realpath', 'sed', 'tail', 'tr', 'grep']) {
  const found = spawnSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  symlinkSync(found, path.join(tools, name));
}

function push(
  args: string[],
  env: Record<string, string> = {},
): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('bash', [script, ...args], {
    encoding: 'utf8',
    env: { PATH: tools, HOME: scratch, ...env },
  });
  return { status, out: stdout, err: stderr };
}

describe('deploy/push.sh', () => {
  test('says what it would do, in the order that works, and needs none of the tools for that', () => {
    const { status, out, err } = push(['--dry-run', '--tag', 'abc', '--var-file', variables]);
    assert.equal(status, 0, err);
    const steps = out.split('\n').filter((line) => line.startsWith('+ '));
    const repository = 'europe-west3-docker.pkg.dev/my-project/sevenfold';
    const expected = [
      /^\+ terraform .* init/,
      /^\+ terraform .* apply .*-target=google_artifact_registry_repository\.images/,
      /^\+ gcloud auth configure-docker europe-west3-docker\.pkg\.dev/,
      new RegExp(`^\\+ docker buildx build .*--tag=${repository}/worker:abc --push .*--target=worker`),
      new RegExp(`^\\+ docker buildx build .*--tag=${repository}/batch:abc --push`),
      /^\+ terraform .* apply .*-var=image_tag=abc$/,
      /^\+ gcloud compute instances stop sevenfold-worker /,
      /^\+ gcloud compute instances start sevenfold-worker /,
    ];
    assert.equal(steps.length, expected.length, out);
    expected.forEach((pattern, index) => assert.match(steps[index]!, pattern));
    assert.match(out, /nothing was done\n$/);
  });

  test('really runs those steps, and asks no second time for an image that is there', () => {
    const log = path.join(scratch, 'log');
    const fakes = path.join(scratch, 'fakes');
    mkdirSync(fakes);
    const fake = (name: string, answers: string): void =>
      writeFileSync(path.join(fakes, name), `#!/bin/bash\necho "${name} $*" >> ${log}\n${answers}\n`, {
        mode: 0o755,
      });
    fake(
      'terraform',
      'case "$*" in *"output -json worker") echo \'{"name":"m","zone":"z-b"}\';; *secrets_to_fill) echo \'["s-one"]\';; esac',
    );
    fake('docker', 'case "$*" in "manifest inspect "*batch*) exit 0;; "manifest inspect "*) exit 1;; esac');
    fake('gcloud', '');
    const { status, out, err } = push(['--yes', '--tag', 'abc', '--var-file', variables], {
      PATH: `${fakes}:${tools}`,
    });
    assert.equal(status, 0, err);
    const done = spawnSync('/bin/cat', [log], { encoding: 'utf8' }).stdout;
    assert.match(done, /terraform \S+ apply -auto-approve .*-var=image_tag=abc\n/);
    assert.match(done, /docker buildx build .*worker:abc/);
    assert.ok(!/docker buildx build .*batch:abc/.test(done));
    assert.match(done, /gcloud compute instances start m --project=my-project --zone=z-b/);
    assert.match(err, /secret s-one has no value yet/);
    assert.match(out, /rolled out: abc\n$/);
  });

  test('names every tool that is missing, each in one line, and does nothing', () => {
    const { status, out, err } = push(['--tag', 'abc', '--var-file', variables]);
    assert.equal(status, 1);
    assert.equal(out, '');
    assert.match(
      err,
      /^push: docker is not on PATH: .+\npush: gcloud is not on PATH: .+\npush: terraform is not on PATH: .+\n$/,
    );
  });

  const refused: [string, string[], RegExp][] = [
    ['an option that is not there', ['--now'], /there is no option --now/],
    ['an option without its value', ['--tag'], /--tag needs a value/],
    ['variables that are not there', ['--var-file', path.join(scratch, 'none')], /is not there: copy/],
    ['a tag that moves', ['--tag', 'latest', '--var-file', variables], /no tag that means one image/],
    ['a tag with a trick', ['--tag', 'a;b', '--var-file', variables], /no tag that means one image/],
  ];
  for (const [what, args, message] of refused) {
    test(`refuses ${what}`, () => {
      const { status, err } = push(['--dry-run', ...args]);
      assert.equal(status, 1);
      assert.match(err, message);
    });
  }

  test('stops at the first error and never prints what it runs with secrets', () => {
    const text = read('push.sh');
    assert.match(text, /^set -euo pipefail$/m);
    assert.ok(!/set -[a-z]*x|secrets versions access|eval /.test(text));
  });
});
