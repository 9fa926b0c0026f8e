export * from './registered.ts';
export { unknownWorkflow as default } from './unknown-workflow.ts';
