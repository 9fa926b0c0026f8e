import { visible } from './legible.ts';

/** Longer ones are not repeated in a message: whoever sent it has it. */
const mostRepeated = 2_000;

/** One argument of a shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** How the `temporal` command line starts a workflow; `input` is JSON, whole or not at all. */
export function startLine(workflow: {
  type: string;
  taskQueue: string;
  workflowId: string;
  input: string | undefined;
}): string {
  const { type, taskQueue, workflowId, input } = workflow;
  const given = input === undefined ? "'<the same as before>'" : quoted(input);
  return `temporal workflow start --type ${type} --task-queue ${taskQueue} --workflow-id ${quoted(workflowId)} --input ${given}`;
}

/** An input that a message can repeat so that it can be copied; undefined for any other. */
export function repeatable(input: string | undefined): string | undefined {
  return input !== undefined && input.length <= mostRepeated && visible(input) === input ? input : undefined;
}
