const WIDTH = 640
const HEIGHT = 400
const LEFT = 56
const RIGHT = 620
const TOP = 24
const BOTTOM = 344
const RECEIVERS_MIN = 10
const RECEIVERS_MAX = 10_000
const NACKS_MAX = 12

/** NACKs a loss over the size of the group: measured, as RFC 5401 expects, and without suppression. */
export function curve(measured: readonly [number, number][], expected: (receivers: number) => number): string {
  const x = (receivers: number) =>
    LEFT + ((RIGHT - LEFT) * Math.log(receivers / RECEIVERS_MIN)) / Math.log(RECEIVERS_MAX / RECEIVERS_MIN)
  const y = (nacks: number) => BOTTOM - ((BOTTOM - TOP) * nacks) / NACKS_MAX
  const at = (receivers: number, nacks: number) => `${x(receivers).toFixed(1)},${y(nacks).toFixed(1)}`
  const sizes = Array.from({ length: 61 }, (_, i) => RECEIVERS_MIN * (RECEIVERS_MAX / RECEIVERS_MIN) ** (i / 60))

  const grid = [0, 2, 4, 6, 8, 10, 12].map(
    nacks => `<path class="grid" d="M${LEFT} ${y(nacks).toFixed(1)}H${RIGHT}"/>
<text x="${LEFT - 8}" y="${(y(nacks) + 4).toFixed(1)}" text-anchor="end">${nacks}</text>`,
  )
  const decades = [10, 100, 1000, 10_000].map(
    receivers => `<path class="grid" d="M${x(receivers).toFixed(1)} ${TOP}V${BOTTOM}"/>
<text x="${x(receivers).toFixed(1)}" y="${BOTTOM + 18}" text-anchor="middle">${receivers.toLocaleString('en')}</text>`,
  )
  const dots = measured.map(([receivers, nacks]) => {
    const [cx, cy] = at(receivers, nacks).split(',')
    return `<circle cx="${cx}" cy="${cy}" r="4"><title>${receivers} receivers: ${nacks.toFixed(2)} NACKs</title></circle>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="NACKs a loss over the size of the group">
<style>
svg { background: #fff; font: 13px system-ui, sans-serif; fill: #333 }
.grid { stroke: #ddd; fill: none }
.expected { stroke: #1a6; stroke-width: 2; fill: none }
.none { stroke: #c33; stroke-width: 2; stroke-dasharray: 6 4; fill: none }
circle { fill: #15c }
</style>
${[...grid, ...decades].join('\n')}
<path class="expected" d="M${sizes.map(receivers => at(receivers, expected(receivers))).join('L')}"/>
<path class="none" d="M${at(RECEIVERS_MIN, RECEIVERS_MIN)}L${at(NACKS_MAX, NACKS_MAX)}"/>
${dots.join('\n')}
<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">receivers, all of which lose one packet</text>
<text x="14" y="${(TOP + BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(TOP + BOTTOM) / 2})">NACKs a loss (mean)</text>
<text x="84" y="44" style="fill:#c33">without suppression: one a receiver</text>
<text x="340" y="184" style="fill:#15c">● measured</text>
<text x="340" y="204" style="fill:#1a6">— expected: exp(1.2 (ln N + 1) / 2K), K = 4</text>
</svg>
`
}
