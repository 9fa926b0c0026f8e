import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What workflows may load of a kind of run: what they are started with, and its phases. Both are pure. */
const pureOfAKind = String.raw`kinds/[\w-]+/(?:input|phases|skip-input|approval-input|parameters)\.ts$`;

// What a workflow may load: the bundle runs in a sandbox, and other packages get into it without a word.
const deterministicImports = {
  patterns: [
    {
      regex: String.raw`^(?!@temporalio/(?:workflow|common)$)(?!\.)`,
      allowTypeImports: true,
      message:
        'Deterministic code imports only @temporalio/workflow, @temporalio/common, types and our pure code.',
    },
    {
      regex: String.raw`^\.\.?/(?!(?:\.\./)*(?:[\w-]+\.ts$|planning/|pools/|engines/names\.ts$|${pureOfAKind}|[\w-]+/(?:input|phases)\.ts$))`,
      allowTypeImports: true,
      message:
        'Deterministic code imports only its own folder, src/planning, src/pools, the inputs and phases of kinds, the names of engines, src/failures.ts and types.',
    },
    {
      regex: String.raw`^(?:\.\./)+(?!failures\.ts$|input\.ts$)[\w-]+\.ts$`,
      allowTypeImports: true,
      message: 'Of the files in src/ only failures.ts is deterministic.',
    },
  ],
};

/** Who may import whom: layers only look down (docs/architecture.md). Types may come from anywhere. */
const above = {
  database: ['ledger', 'engines', 'pages', 'kinds', 'activities', 'workflows', 'schedules', 'commands'],
  pools: ['ledger', 'engines', 'pages', 'kinds', 'activities', 'workflows', 'schedules', 'commands', 'stack'],
  ledger: ['engines', 'pages', 'kinds', 'activities', 'workflows', 'schedules', 'commands', 'stack'],
  engines: ['ledger', 'pages', 'kinds', 'activities', 'workflows', 'schedules', 'commands'],
  pages: ['engines', 'kinds', 'activities', 'workflows', 'schedules', 'commands', 'stack'],
  notifications: ['engines', 'pages', 'kinds', 'activities', 'workflows', 'schedules', 'commands', 'stack'],
  kinds: ['workflows', 'schedules', 'commands'],
  activities: ['workflows', 'schedules', 'commands', 'stack'],
  schedules: ['engines', 'pages', 'activities', 'workflows', 'commands', 'stack'],
};

const layers = Object.entries(above).map(([layer, higher]) => ({
  files: [`src/${layer}/**/*.ts`],
  // What a kind adds to the command line is a command; its pure files have a rule of their own.
  ignores: [
    'src/kinds/commands.ts',
    'src/kinds/*/*command.ts',
    'src/kinds/*/options.ts',
    ...pureFilesOfKinds(),
  ],
  rules: {
    '@typescript-eslint/no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^(?:\\.\\./)+(?:${higher.join('|')})/`,
            allowTypeImports: true,
            message: `src/${layer} is below src/${higher.join(', src/')} (docs/architecture.md, Layers).`,
          },
        ],
      },
    ],
  },
}));

function pureFilesOfKinds() {
  return [
    'src/kinds/*/{input,phases,skip-input,approval-input,parameters}.ts',
    'src/kinds/*/planning/**/*.ts',
  ];
}

const environmentReads = {
  selector: "MemberExpression[object.object.name='process'][object.property.name='env']",
  message: 'Environment variables are read in src/config.ts; take the value as a parameter.',
};

const moduleState = {
  selector: ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind='let']",
  message: 'Deterministic code keeps no state in a module: it would be shared by all workflows of a worker.',
};

const clocksAndDice = [
  {
    selector:
      "MemberExpression[object.name='Date'][property.name='now'], NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Pure code does not look at the clock; take the time as a parameter.',
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: 'Pure code does not throw dice; take the seed as a parameter.',
  },
];

export default defineConfig(
  {
    ignores: ['node_modules/', '.venv/', '.sevenfold/', 'dist/', 'spark/', 'bench/results/', 'docs/'],
  },
  tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': 'off',
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An activity that nobody awaits is the worst bug possible here.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // A function that must return a promise for its interface is async even where it awaits nothing.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/config.ts'],
    rules: { 'no-restricted-syntax': ['error', environmentReads] },
  },
  {
    files: ['src/workflows/**/*.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', deterministicImports],
      'no-restricted-syntax': ['error', environmentReads, moduleState],
    },
  },
  ...layers,
  {
    files: ['src/planning/**/*.ts', ...pureFilesOfKinds()],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', deterministicImports],
      'no-restricted-syntax': ['error', environmentReads, moduleState, ...clocksAndDice],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test's test(), describe() and it() return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'it', 'describe', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
    },
  },
);
