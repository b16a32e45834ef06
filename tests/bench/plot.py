"""Plots as SVG, drawn by gnuplot."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.stages import Failed


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _run(path: Path, script: str, height: int = 540) -> None:
    preamble = f"set terminal svg size 900,{height} font 'sans,13' background 'white'\n" \
               f"set output {_quoted(str(path))}\nset encoding utf8\n"
    try:
        done = subprocess.run(["gnuplot"], input=preamble + script, text=True, capture_output=True,
                              timeout=60)
    except FileNotFoundError:
        raise Failed("gnuplot is missing: run scripts/setup --bench") from None
    if done.returncode != 0:
        raise Failed(f"gnuplot could not draw {path}: {done.stderr.strip()[-500:]}")


def _block(name: str, rows) -> str:
    return f"${name} << EOD\n" + "\n".join(" ".join(row) for row in rows) + "\nEOD\n"


def bars(path: Path, title: str, values: dict[str, float]) -> None:
    """One bar a value, on a logarithmic axis."""
    rows = [(_quoted(name), f"{value:.6g}") for name, value in values.items()]
    _run(path, _block("data", rows) +
         f"set title {_quoted(title)}\nset logscale y\nset style fill solid 0.6\n"
         "set boxwidth 0.7\nset rmargin 24\nset xtics rotate by -45 left noenhanced\nset grid ytics\nunset key\n"
         "plot $data using 0:2:xtic(1) with boxes\n")


def stacks(path: Path, title: str, y: str, columns: dict[str, dict[str, float]]) -> None:
    """One bar a column, of its parts; a part that is small in every column is left out."""
    most = max(sum(parts.values()) for parts in columns.values())
    names = [name for name in dict.fromkeys(name for parts in columns.values() for name in parts)
             if max(parts.get(name, 0) for parts in columns.values()) >= 0.01 * most]
    rows = [(_quoted(column), *(f"{parts.get(name, 0):.6g}" for name in names))
            for column, parts in columns.items()]
    _run(path, _block("data", rows) +
         f"set title {_quoted(title)}\nset ylabel {_quoted(y)}\nset yrange [0:*]\nset grid ytics\n"
         "set style data histograms\nset style histogram rowstacked\nset style fill solid 0.8\n"
         "set boxwidth 0.5\nset key outside right center reverse Left noenhanced\n"
         "set xtics noenhanced\nset linetype 9 linecolor rgb '#999999'\nset linetype cycle 12\n"
         "plot " +
         ", ".join(f"$data using {i}:xtic(1) title {_quoted(name)}"
                   for i, name in enumerate(names, start=2)) + "\n")


def lines(path: Path, title: str, x: str, y: str, series: dict[str, list[tuple[float, float]]],
          logarithmic: str = "") -> None:
    """One line a series; `logarithmic` names the axes that are."""
    blocks = "".join(_block(f"s{i}", [(f"{a:.6g}", f"{b:.6g}") for a, b in points])
                     for i, points in enumerate(series.values()))
    plots = ", ".join(f"$s{i} with linespoints title {_quoted(name)} noenhanced"
                      for i, name in enumerate(series))
    scale = f"set logscale {logarithmic}\n" if logarithmic else ""
    if "y" not in logarithmic:
        scale += "set yrange [0:*]\n"
    _run(path, f"{blocks}set title {_quoted(title)}\nset xlabel {_quoted(x)}\n"
               f"set ylabel {_quoted(y)}\nset grid\nset key outside below\n{scale}plot {plots}\n")


def against(path: Path, title: str, x: str, y: str, ideal: tuple[str, list[tuple[float, float]]],
            measured: tuple[str, list[tuple[float, float]]]) -> None:
    """Measured points over the line of what is possible."""
    (line, line_points), (dots, dot_points) = ideal, measured
    blocks = "".join(_block(name, [(f"{a:.6g}", f"{b:.6g}") for a, b in points])
                     for name, points in (("ideal", line_points), ("measured", dot_points)))
    most = max(value for _, value in line_points + dot_points)
    _run(path, f"{blocks}set title {_quoted(title)}\nset xlabel {_quoted(x)}\n"
               f"set ylabel {_quoted(y)}\nset grid\nset key bottom right\nset xtics 1\n"
               f"set yrange [0:{1.15 * most:.6g}]\n"
               f"set xrange [0.5:{line_points[-1][0] + 0.5:.6g}]\n"
               f"plot $ideal with lines linewidth 2 title {_quoted(line)} noenhanced, "
               f"$measured with points pointtype 7 title {_quoted(dots)} noenhanced\n")


@dataclass(frozen=True)
class Line:
    name: str
    points: list[tuple[float, float]]
    colour: str  # "#rrggbb"
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    title: str
    y: str
    lines: list[Line]


def panels(path: Path, x: str, all_panels: list[Panel]) -> None:
    """One above the other, over the same range of `x`."""
    script = f"set multiplot layout {len(all_panels)},1\nset border back\nset grid\n" \
             "set key below maxcolumns 2\nset autoscale xfix\nset format x '%g'\n" \
             "set yrange [0:*]\nset offsets 0,0,graph 0.08,0\nset lmargin 10\n" \
             f"set xlabel {_quoted(x)} offset 0,0.5\n"
    for number, panel in enumerate(all_panels):
        names = [f"p{number}_{i}" for i in range(len(panel.lines))]
        script += "".join(_block(name, [(f"{a:.6g}", f"{b:.6g}") for a, b in line.points])
                          for name, line in zip(names, panel.lines))
        script += f"set title {_quoted(panel.title)}\nset ylabel {_quoted(panel.y)}\nplot "
        script += ", ".join(
            f"${name} with lines linewidth 2.5 linecolor rgb '{line.colour}' "
            f"dashtype {2 if line.dashed else 1} title {_quoted(line.name)} noenhanced"
            for name, line in zip(names, panel.lines)) + "\n"
    _run(path, script + "unset multiplot\n", height=360 * len(all_panels))
