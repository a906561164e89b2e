// Reads the process: arguments, environment, signals. The only place that sets the exit code.

export async function main(): Promise<void> {
  throw new Error('commands are assembled here');
}
