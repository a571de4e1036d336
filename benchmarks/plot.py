#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""plot.py FILE... FOLDER: from the JSON lines of scripts/bench to what people look at.

Draws one SVG a workload (time against rules, both logarithmic) with the machine, the date and every
figure in which libnetpol is behind, and writes the tables into FOLDER/README.md between its two
marks. Nothing but the standard library.
"""
import json
import math
import pathlib
import sys

WIDTH, HEIGHT = 860, 560
LEFT, TOP, PLOT_WIDTH, PLOT_HEIGHT = 70, 60, 520, 360
TITLES = {
    "k8s": "Policies of a cluster, classes of equal pods",
    "k8s-hard": "No two pods alike, overlapping blocks with exceptions",
    "k8s-both": "Policies of a cluster, both directions",
    "acl": "5-tuple list, as routers have them",
    "fw": "5-tuple list, as firewalls have them",
    "ipc": "5-tuple list, as chains of Linux",
}
# engine, mode: label, colour, dashes
SERIES = {
    ("libnetpol", "serial"): ("libnetpol, serial", "#0b6e4f", "6 3"),
    ("libnetpol", "loop"): ("libnetpol, loop", "#0b6e4f", "2 3"),
    ("libnetpol", "batch"): ("libnetpol, batch", "#0b6e4f", ""),
    ("rte_acl", "loop"): ("rte_acl, loop", "#b3541e", "2 3"),
    ("rte_acl", "batch"): ("rte_acl, batch", "#b3541e", ""),
    ("bpf-lpm", "loop"): ("kernel maps, tries", "#33658a", ""),
    ("bpf-hash", "loop"): ("kernel maps, hashes", "#86bbd8", ""),
    ("linear", "loop"): ("linear scan", "#777777", ""),
}
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(rules):
    return f"{rules // 1000000}M" if rules >= 1000000 else f"{rules // 1000}k"


class Figures:
    """What one run found."""

    def __init__(self, paths):
        self.machine, self.lines, self.goals, self.others = {}, [], [], []
        texts = [pathlib.Path(path).read_text(encoding="utf-8") for path in paths]
        for line in "".join(texts).splitlines():
            item = json.loads(line)
            bench = item.get("bench")
            if bench == "machine":
                self.machine = self.machine or item
            elif bench == "classify":
                self.lines.append(item)
            elif bench == "goal":
                self.goals.append(item)
            else:
                self.others.append(item)

    def workloads(self):
        return list(dict.fromkeys(line["workload"] for line in self.lines))

    def sizes(self, workload):
        return sorted({line["size"] for line in self.lines if line["workload"] == workload})

    def get(self, workload, size, engine, mode):
        for line in self.lines:
            if (line["workload"], line["size"], line["engine"], line["mode"]) == (
                workload, size, engine, mode,
            ):
                return line
        return None

    def losses(self, workload):
        """Where a peer answers sooner, asked in the same way."""
        found = []
        for size in self.sizes(workload):
            for mode in ("loop", "batch"):
                ours = self.get(workload, size, "libnetpol", mode)
                for line in self.lines:
                    if (
                        ours and line["workload"] == workload and line["size"] == size
                        and line["mode"] == mode and line["engine"] != "libnetpol"
                        and line["ns"] < ours["ns"]
                    ):
                        found.append(
                            f"{short(size)} {mode}: {line['engine']} {line['ns']:.1f} ns, "
                            f"libnetpol {ours['ns']:.1f} ns"
                        )
        return found

    def where(self):
        m = self.machine
        if not m:
            return "machine not recorded"
        quick = ", quick run" if m.get("quick") else ""
        return (
            f"{m['cpu']}, {m['cpus']} CPUs, L2 {int(m['l2']) >> 10} KiB, "
            f"Linux {m['kernel']}, DPDK {m['dpdk']}; {m['date']}, load {m['load']}{quick}"
        )


def scale(figures, workload):
    values = [
        line["ns"] for line in figures.lines
        if line["workload"] == workload and (line["engine"], line["mode"]) in SERIES
    ]
    low = math.floor(math.log10(max(min(values), 0.1)))
    high = math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def draw(figures, workload):
    sizes = figures.sizes(workload)
    low, high = scale(figures, workload)

    def x_of(size):
        span = math.log10(sizes[-1] / sizes[0]) or 1
        return LEFT + 30 + (PLOT_WIDTH - 60) * math.log10(size / sizes[0]) / span

    def y_of(ns):
        return TOP + PLOT_HEIGHT * (1 - (math.log10(max(ns, 0.1)) - low) / (high - low))

    losses = figures.losses(workload) or ["none"]
    height = HEIGHT + 16 * max(0, len(losses) - 3)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="24" font-size="16">{escape(TITLES.get(workload, workload))} '
        f"({escape(workload)})</text>",
        f'<text x="{LEFT}" y="44" fill="#555555">nanoseconds a header, against rules when '
        "expanded to 5-tuples; lower is better</text>",
    ]
    for power in range(low, high + 1):
        y = y_of(10.0**power)
        out.append(
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + PLOT_WIDTH}" y2="{y:.1f}" '
            'stroke="#dddddd"/>'
        )
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    for size in sizes:
        out.append(
            f'<text x="{x_of(size):.1f}" y="{TOP + PLOT_HEIGHT + 18}" text-anchor="middle">'
            f"{short(size)}</text>"
        )
    row = 0
    for (engine, mode), (label, colour, dashes) in SERIES.items():
        points = [
            (x_of(size), y_of(line["ns"]))
            for size in sizes
            if (line := figures.get(workload, size, engine, mode))
        ]
        if not points:
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        style = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"'
        out.append(f'<polyline points="{path}" fill="none" {style}/>')
        out.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points)
        y = TOP + 14 + 20 * row
        x = LEFT + PLOT_WIDTH + 20
        out.append(f'<line x1="{x}" y1="{y - 4}" x2="{x + 34}" y2="{y - 4}" {style}/>')
        out.append(f'<text x="{x + 42}" y="{y}">{escape(label)}</text>')
        row += 1
    y = TOP + PLOT_HEIGHT + 48
    out.append(f'<text x="{LEFT}" y="{y}" fill="#555555">{escape(figures.where())}</text>')
    out.append(f'<text x="{LEFT}" y="{y + 22}">Where libnetpol is behind:</text>')
    for i, loss in enumerate(losses):
        out.append(f'<text x="{LEFT + 160}" y="{y + 22 + 16 * i}">{escape(loss)}</text>')
    out.append("</svg>\n")
    return "\n".join(out)


def table(figures):
    rows = [
        f"Measured on {figures.where()}.",
        "",
        "| workload | rules | engine | serial ns | loop ns | batch ns | build ms | memory KiB | wrong |",
        "|---|--:|---|--:|--:|--:|--:|--:|--:|",
    ]
    for workload in figures.workloads():
        for size in figures.sizes(workload):
            engines = dict.fromkeys(
                line["engine"] for line in figures.lines
                if line["workload"] == workload and line["size"] == size
            )
            for engine in engines:
                cells, any_line = [], None
                for mode in ("serial", "loop", "batch"):
                    line = figures.get(workload, size, engine, mode)
                    any_line = line or any_line
                    cells.append(f"{line['ns']:.1f}" if line else "")
                rows.append(
                    f"| {workload} | {any_line['rules']:,} | {engine} | {' | '.join(cells)} | "
                    f"{any_line['build_ms']:,.1f} | {any_line['bytes'] / 1024:,.0f} | "
                    f"{any_line['wrong']} |"
                )
    return rows


def goals(figures):
    rows = ["| workload | size | rte_acl / libnetpol | ratio | aim | |", "|---|--:|---|--:|--:|---|"]
    for goal in figures.goals:
        rows.append(
            f"| {goal['workload']} | {short(goal['size'])} | {goal['what']} | {goal['ratio']:.2f} | "
            f"{goal['aim']:.2f} | {'met' if goal['met'] else '**missed**'} |"
        )
    return rows


def chases(figures):
    return [
        f"Five dependent loads over {item['bytes'] >> 10:,} KiB: {item['ns']:.1f} ns."
        for item in figures.others
        if item["bench"] == "chase"
    ]


def changes(figures):
    """What scripts/bench change found."""
    found = [item for item in figures.others if item["bench"] == "change"]
    rows = ["| what | pods | policies | | aim | |", "|---|--:|--:|--:|--:|---|"]
    for item in found:
        judged = {True: "met", False: "**missed**"}.get(item.get("met"), "")
        aim = f"{item['aim']:g}" if "aim" in item else ""
        rows.append(
            f"| {item['what']} | {item['pods']:,} | {item['policies']:,} | "
            f"{item['value']:,.4g} {item['unit']} | {aim} | {judged} |"
        )
    return rows if found else []


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.splitlines()[0])
    figures, folder = Figures(sys.argv[1:-1]), pathlib.Path(sys.argv[-1])
    if not figures.lines:
        sys.exit("no figures of the classification benchmark")
    pictures = []
    for workload in figures.workloads():
        (folder / f"{workload}.svg").write_text(draw(figures, workload), encoding="utf-8")
        pictures.append(f"![{TITLES.get(workload, workload)}]({workload}.svg)")
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    parts = [goals(figures), chases(figures), table(figures), changes(figures), pictures]
    body = "\n\n".join("\n".join(part) for part in parts if part)
    readme.write_text(f"{before}{BEGIN}\n\n{body}\n\n{END}{after}", encoding="utf-8")
    print(f"{len(pictures)} pictures and the tables of {readme}")


if __name__ == "__main__":
    main()
