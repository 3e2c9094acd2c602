// The import table of docs/architecture.md, enforced: a package may import only what its row names.
const mayImport = {
  config: [],
  protocol: [],
  engine: ['config', 'protocol'],
  agent: ['protocol'],
  runner: ['protocol'],
  server: ['config', 'engine', 'protocol'],
  web: ['protocol'],
  cli: ['config', 'protocol', 'engine', 'agent', 'runner', 'server'],
}

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(mayImport).map(([name, allowed]) => ({
      name: `${name}-imports`,
      comment: `packages/${name} may import of ours: ${allowed.join(', ') || 'nothing'} (docs/architecture.md)`,
      severity: 'error',
      from: { path: `^packages/${name}/src/` },
      to: { path: '^packages/', pathNot: `^packages/(${[name, ...allowed].join('|')})/` },
    })),
    {
      name: 'product-not-from-tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '\\.test\\.tsx?$' },
      to: { path: '^(e2e|bench|packages/[^/]+/test)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js'],
    },
  },
}
