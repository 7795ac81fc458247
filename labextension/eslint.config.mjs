import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(js.configs.recommended, ...tseslint.configs.recommendedTypeChecked, {
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    '@typescript-eslint/no-explicit-any': 'error',
    '@typescript-eslint/no-floating-promises': 'error',
    // Lumino's `signal.connect(this.method, this)` binds the method itself.
    '@typescript-eslint/unbound-method': 'off',
    // Control characters are what `text/labels.ts` takes out of a tool's output.
    'no-control-regex': 'off'
  }
});
