// A process whose main thread stands still while its other threads go on: an Envoy that serves and answers nothing at
// its admin port. Python does it, because Node has no ptrace; when Python ends, the thread goes on.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const FREEZE = `
import ctypes, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SEIZE, INTERRUPT = 0x4206, 0x4207
for request in (SEIZE, INTERRUPT):
    if libc.ptrace(request, int(sys.argv[1]), None, None) != 0:
        sys.exit("ptrace: errno %d" % ctypes.get_errno())
def reap():  # its parent learns of its death only when the one that traces it has
    while os.WIFSTOPPED(os.waitpid(int(sys.argv[1]), 0x40000000)[1]): pass
threading.Thread(target=reap, daemon=True).start()
print("frozen", flush=True)
sys.stdin.read()
`;

export class FrozenThread implements AsyncDisposable {
  readonly #python: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(python: ChildProcess) {
    this.#python = python;
    this.#exited = once(python, 'exit');
  }

  /** @throws Error when the process cannot be traced */
  static async mainOf(pid: number): Promise<FrozenThread> {
    const python = spawn('python3', ['-c', FREEZE, String(pid)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const frozen = new FrozenThread(python);
    const failed = frozen.#exited.then(() => {
      throw new Error(`the main thread of ${pid} cannot be frozen`);
    });
    failed.catch(() => undefined); // its normal end
    await Promise.race([once(python.stdout, 'data'), failed]);
    return frozen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#python.kill('SIGKILL');
    await this.#exited;
  }
}
