/** Rules for imports inside `src`: no rings, and folders that import downwards only (README.md names them). */

/** What each folder must not import. Types count: a ring of types is one that a reader has to follow, too. */
const above = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: to }
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-ring',
      comment: 'Modules that import each other cannot be read, tested or moved one by one.',
      severity: 'error',
      from: {},
      to: { circular: true }
    },
    above(
      'plugins-on-top',
      '^src/(?!plugins/|index\\.ts)',
      '^src/(plugins/|index\\.ts)',
      'Plugins put the parts together; no part knows a plugin.'
    ),
    above(
      'logic-without-components',
      '^src/(server|turns|text|markdown|notebook|tokens\\.ts)',
      '^src/(components|composer|session)/',
      'What is not drawn is tested without React.'
    ),
    above(
      'fold-alone',
      '^src/turns/',
      '^src/(?!turns/|server/(wire|readAnswer)\\.ts)',
      'Events are folded to turns by pure functions over what the server sends.'
    ),
    above('components-without-server', '^src/(components|composer)/', '^src/server/api\\.ts', 'Only an agent talks to the server.')
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    includeOnly: '^src',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx'] }
  }
};
