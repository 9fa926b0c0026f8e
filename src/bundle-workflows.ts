import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

// Run by set-up with the file to write, and by workflow-bundle.ts, which reads the script from its output.
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('./workflows/index.ts', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
const [, , file] = process.argv;
if (file === undefined) process.stdout.write(code);
else writeFileSync(file, code);
