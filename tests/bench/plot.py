"""The results as one SVG: CPU per byte by input, memory under large batches and, where measured, of many shards."""
import math
from xml.sax.saxutils import escape

import inputs

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 560, 340, 70, 50, 40
COLOURS = {"floor": "#888888", "kclhost": "#d62728", "kclhost, isolation none": "#ff9896", "kclpy": "#1f77b4",
           "aws-kcl": "#2ca02c", "kclpy, data read": "#9ecae1", "aws-kcl, data read": "#98df8a"}


def text(x, y, words, anchor="middle", size=11):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">{escape(words)}</text>'


class Chart:
    """A chart at some place of the picture, its vertical axis logarithmic."""

    def __init__(self, x0, title, values):
        self.x0, self.parts = x0, [text(x0 + WIDTH / 2, 20, title, size=13)]
        self.low, self.high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        for power in range(self.low, self.high + 1):
            y = self.y(10 ** power)
            self.parts.append(f'<path d="M{x0 + LEFT} {y:.1f}H{x0 + WIDTH - 10}" stroke="#dddddd"/>')
            self.parts.append(text(x0 + LEFT - 6, y + 4, f"{10.0 ** power:g}", "end"))

    def y(self, value):
        share = (math.log10(value) - self.low) / max(self.high - self.low, 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def x(self, share):
        return self.x0 + LEFT + share * (WIDTH - LEFT - 20)

    def line(self, name, points):
        path = "M" + "L".join(f"{self.x(share):.1f} {self.y(value):.1f}" for share, value in points)
        self.parts.append(f'<path d="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')


def cpu_chart(results):
    sources = [source.name for source in inputs.MAIN[1:]]
    rows = results["inputs"]
    values = [row["cpuNanosPerByte"] for name in sources for row in rows[name].values()]
    chart = Chart(0, "CPU, ns per byte of protocol", values)
    for child in rows[sources[0]]:
        chart.line(child, [(i / (len(sources) - 1), rows[name][child]["cpuNanosPerByte"])
                           for i, name in enumerate(sources)])
    chart.parts += [text(chart.x(i / (len(sources) - 1)), HEIGHT - BOTTOM + 18, name) for i, name in enumerate(sources)]
    return chart.parts


def memory_chart(results):
    curves = {child: row["memoryCurve"] for child, row in results["children"].items()}
    values = [pss / 2 ** 20 for curve in curves.values() for _, pss in curve]
    chart = Chart(WIDTH, "PSS, MiB, over 10 batches of 10 MB and 6 s of silence", values)
    longest = max(curve[-1][0] for curve in curves.values())
    for child, curve in curves.items():
        chart.line(child, [(when / longest, pss / 2 ** 20) for when, pss in curve])
    chart.parts += [text(chart.x(s / longest), HEIGHT - BOTTOM + 18, f"{s} s") for s in range(0, int(longest) + 1, 2)]
    return chart.parts


def scale_chart(results):
    rows = results["scale"]["rows"]
    most = max(row["shards"] for row in rows)
    chart = Chart(2 * WIDTH, "PSS, MiB, of so many shards at 100 records of 1 KiB a second each",
                  [row["pssBytes"] / 2 ** 20 for row in rows])
    place = {shards: math.log(shards) / math.log(most) for shards in {row["shards"] for row in rows}}
    for child in dict.fromkeys(row["child"] for row in rows):
        chart.line(child, [(place[row["shards"]], row["pssBytes"] / 2 ** 20) for row in rows if row["child"] == child])
    chart.parts += [text(chart.x(at), HEIGHT - BOTTOM + 18, f"{shards:,}") for shards, at in place.items()]
    return chart.parts


def svg(results) -> str:
    charts = [cpu_chart(results), memory_chart(results)] + ([scale_chart(results)] if "scale" in results else [])
    parts, width = sum(charts, []), len(charts) * WIDTH
    for i, (child, colour) in enumerate(COLOURS.items()):
        x = LEFT / 4 + i * (width - LEFT / 4) / len(COLOURS)
        parts.append(f'<path d="M{x} {HEIGHT - 12}h20" stroke="{colour}" stroke-width="3"/>')
        parts.append(text(x + 26, HEIGHT - 8, child, "start"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}" font-family="sans-serif">'
            f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n')
