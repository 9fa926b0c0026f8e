// Loaded before each test file: what the file starts inherits its name, so that the run can say what each file took.
import { sep } from 'node:path';

const [, file] = /\/(test\/.*\.test)\.[jt]s$/.exec((process.argv[1] ?? '').split(sep).join('/')) ?? [];
if (file !== undefined) process.env.SEVENFOLD_TEST_FILE = `${file}.ts`;
