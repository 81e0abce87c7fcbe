import { fileURLToPath } from "node:url";
import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  // AssemblyScript is not TypeScript, and has its own compiler to check it.
  {
    ignores: [
      "dist/",
      "build/",
      "runs/",
      "coverage/",
      ".dsqn/",
      "shared/",
      "src/engines/fast/kernels/assembly/",
      "notebooks-ts/",
    ],
  },
  eslint.configs.recommended,
  {
    languageOptions: {
      ecmaVersion: 2024,
      globals: Object.fromEntries(
        [
          "process",
          "console",
          "URL",
          "performance",
          "setTimeout",
          "clearTimeout",
          "setInterval",
          "clearInterval",
          "Buffer",
          "AbortController",
          "AbortSignal",
          "structuredClone",
          "WebAssembly",
          "TextDecoder",
          "TextEncoder",
        ].map((name) => [name, "readonly"]),
      ),
    },
    rules: {
      "eqeqeq": ["error", "always", { null: "ignore" }],
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
      "object-shorthand": "error",
      "no-empty": ["error", { allowEmptyCatch: true }],
    },
  },
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommended],
    languageOptions: {
      parserOptions: {
        project: ["./tsconfig.check.json", "./src/web/pages/tsconfig.json"],
        tsconfigRootDir: fileURLToPath(new URL(".", import.meta.url)),
      },
    },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": [
        "error",
        { checksVoidReturn: { attributes: false, arguments: false } },
      ],
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-unnecessary-type-assertion": "error",
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", caughtErrors: "none" },
      ],
      "@typescript-eslint/explicit-module-boundary-types": "error",
    },
  },
  // Their last bits are the engine's own, and one of them can change a whole curve. Pictures and terminals don't mind.
  {
    files: ["src/**/*.ts", "thesis/**/*.ts"],
    ignores: ["src/report/**", "src/cli/**", "src/web/pages/**", "thesis/breakout/film.ts"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...[
          ...["exp", "expm1", "log", "log1p", "log2", "log10", "pow", "cbrt", "hypot"],
          ...["sin", "cos", "tan", "asin", "acos", "atan", "atan2"],
          ...["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"],
        ].map((property) => ({
          object: "Math",
          property,
          message: "src/numeric/elementary.ts has those that are the same everywhere.",
        })),
      ],
      "no-restricted-syntax": [
        "error",
        {
          // Powers of two with a constant exponent are exact in every engine.
          selector:
            "BinaryExpression[operator='**']:not([left.raw=/^(2|1024)$/][right.type='Literal']):not([left.raw='2'][right.argument.type='Literal'])",
          message: "Take pow or powerOfTwo of src/numeric/elementary.ts, or a product.",
        },
        { selector: "AssignmentExpression[operator='**=']", message: "Take pow of src/numeric/elementary.ts." },
      ],
    },
  },
  // A test's helpers are read where they are used.
  { files: ["tests/**/*.ts", "bench/**/*.ts"], rules: { "@typescript-eslint/explicit-module-boundary-types": "off" } },
);
