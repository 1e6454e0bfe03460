/** Says on standard error how far a workload is: in place on a terminal, else a line a run. */
export class Progress {
  readonly #total: number
  #done = 0

  constructor(workload: string, total: number, seconds: number) {
    this.#total = total
    process.stderr.write(`${workload}: ${total} runs, about ${Math.ceil(seconds)} s\n`)
  }

  step(text: string): void {
    const line = `${++this.#done}/${this.#total}  ${text}`
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K')
  }
}

export const thousands = (value: number): string => Math.round(value).toLocaleString('en-US')
