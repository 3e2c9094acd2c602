/** What is secret of a private key's text: the lines around it are the same for every key and would be masked for nothing. */
export function privateKeyBody(privateKey: string): string {
  return privateKey
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('-----'))
    .join('\n')
}
