/** Texts made to hurt: what each must give, by code; `ok` where it is merely large. Made when asked for. */
export interface Hostile {
  name: string
  make: () => string
  gives: string
  /** Of the branch; expressions match against it. */
  branch?: string
}

export const megabyte = 1024 * 1024
export const image = 'docker: [{image: x}]'
export const body = `{${image}, steps: [checkout]}`
export const count = <T>(length: number, make: (index: number) => T) =>
  Array.from({ length }, (_, index) => make(index))
export const head = 'version: 2.1\n'
export const steps = (list: string) => `${head}jobs:\n  build:\n    ${image}\n    steps:\n${list}`
export const when = (expression: string) =>
  `${head}jobs: {build: ${body}}\nworkflows: {w: {when: '${expression}', jobs: [build]}}\n`
export const entries = (list: string[]) => `${head}jobs: {t: ${body}}\nworkflows: {w: {jobs: [${list.join(', ')}]}}\n`
export const doubling = (first: string) =>
  `${head}commands:\n  c0: ${first}\n${count(40, (i) => `  c${i + 1}: {steps: [c${i}, c${i}]}\n`).join('')}` +
  `jobs: {build: {${image}, steps: [c40]}}\n`
export const matrix = (job: string, values: number, args = '') =>
  `${head}jobs:\n  t: {parameters: {p: {type: integer}}, ${image}, ${job}}\nworkflows: {w: {jobs: ` +
  `[t: {${args}matrix: {parameters: {p: [${count(values, String).join()}]}}}]}}\n`
export const branch = 'a'.repeat(250)
