/** Pads cells to columns: the first flush left, the others flush right. */
export function columns(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map(row => String(row[i]).length)))
  return rows.map(row =>
    row.map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell).padStart(widths[i]))).join('  '),
  )
}
