"""`zoo bench`: what is measured, and every way it can go wrong."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bad_input import refused, says
from examples import attention
from matplotlib import image

from zoo import cli
from zoo.attention import Attention
from zoo.bench import _child, growth, process, report, sweep
from zoo.bench.settings import Settings
from zoo.core.errors import RunError
from zoo.core.kinds import make
from zoo.recipe import layers

PNG = b"\x89PNG\r\n"
GB = 10**9
SMALL = {"num_heads": 2, "head_dim": 4}


def test_the_exponent_of_known_growth_is_found():
    lengths = [1, 2, 4, 8, 16, 32]
    flat_then_steep = [1, 1, 1, 8**1.5, 16**1.5, 32**1.5]
    assert growth.exponent(lengths, flat_then_steep) == pytest.approx(1.5)
    assert growth.exponent([4, 1, 2], [48, 3, 12]) == pytest.approx(2)
    assert growth.exponent([8], [1]) is None
    rows = [
        {"what": "a", "length": n, "status": "measured", "forward_seconds": 3e-3 * n**2}
        for n in lengths
    ]
    rows += [{"what": "a", "length": 64, "status": "out of memory"}]
    found = growth.exponents(rows)["a"]
    assert found["forward_seconds"] == pytest.approx(2)
    assert found["peak_bytes"] is None


def layer(kind="multi_head", **options):
    return make(Attention, attention(kind, **options), name="attention")


def test_the_multiplications_are_those_of_the_plan():
    far = layer(pattern={"kind": "local", "back": 63}, kernel={"kind": "block_sparse"})
    far.build((None, None, 24))
    found = layers.way(far, 1024)
    assert found.pairs == 4 * (16 + 15) * 64**2  # its own block and the one before
    assert str(found) == "block_sparse, blocks of 64, 12.1 % of all pairs"
    weights = 4 * 24 * 24
    assert layers.multiplications(far, 3, 1024) == 3 * (2 * found.pairs * 6 + 1024 * weights)
    assert str(layers.way(layer(), 64)) == "dense"
    behind = layers.way(layer("segment_recurrent"), 64, 64)
    assert behind.whole == 4 * 64 * 128


def test_kinds_that_compute_in_their_own_way_say_so():
    hashed = layers.way(layer("lsh", num_hashes=2), 64)
    assert (hashed.kernel, hashed.pairs) == ("sorted chunks", 4 * 2 * 4 * 2 * 16**2)
    assert layers.way(layer("lsh"), 16).kernel == "dense"
    routed = make(Attention, {**attention(), "kind": "block_routed", "block_size": 16, "top_k": 1})
    near, picked = 1 + 2 + 14 * 3, 16  # itself, the block before, the first; one more each
    found = layers.way(routed, 256)
    assert (found.kernel, found.pairs) == ("picked blocks", 4 * (near + picked) * 16**2)


def test_layers_written_alike_are_one():
    near, far = ({"kind": "local", "back": back} for back in (1, 2))
    found = layers.distinct([layer(pattern=p) for p in (near, far, near)])
    assert [numbers for numbers, _ in found] == [[0, 2], [1]]
    assert layers.named("layer", [0, 2]) == "layers 0, 2"
    assert layers.named("head", [*range(24)]) == "heads 0, 1, 2, 3, 4, 5 … 23"


def in_child(monkeypatch, code):
    monkeypatch.setattr(process, "CHILD", [sys.executable, "-c", code])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("import sys; sys.exit('first\\nlast words\\n')", "failed: last words"),
        ("import sys; sys.exit(3)", "failed: exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("import os; os.abort()", "killed by SIGABRT"),
        ("import sys, os; sys.stderr.write('std::bad_alloc'); os._exit(1)", "out of memory"),
        ("print('notes'); print('{\"status\": \"measured\"}')", "measured"),
        ("print('no answer')", "failed: no answer"),
        ("", "failed: no answer"),
    ],
)
def test_whatever_becomes_of_a_child_is_an_answer(monkeypatch, code, status):
    in_child(monkeypatch, code)
    assert process.ask({"length": 1}, GB)["status"] == status


def test_a_child_that_takes_too_much_memory_is_ended(monkeypatch):
    in_child(monkeypatch, "import time; held = bytearray(300 * 10**6); time.sleep(60)")
    began = time.perf_counter()
    assert process.ask({}, 10**8)["status"] == "out of memory: above 0.1 GB"
    assert time.perf_counter() - began < 30


def test_errors_inside_a_child_become_one_line():
    assert _child.failure(MemoryError()) == "out of memory"
    assert _child.failure(RuntimeError("RESOURCE_EXHAUSTED: OOM\nat x")) == "out of memory"
    wrapped = "Exception.\n\n\x1b[1mtoo long.\x1b[0m\n\nArguments received by …"
    assert _child.failure(ValueError(wrapped)) == "failed: too long."


def bench(folder, whats=("full",), lengths=(8, 16), **options):
    chosen = Settings(**SMALL, repeats=2, jit=False, **options)
    return json.loads(
        (sweep.bench(list(whats), list(lengths), chosen, folder) / report.JSON).read_text()
    )


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_real_measurement_is_complete(tmp_path, monkeypatch, capsys):
    asked = process.ask
    answers = {"peak": {"operations_per_second": 1e12, "backend": "here", "devices": []}}

    def once(request, limit):
        return answers["peak"] if "peak" in request else asked(request, limit)

    monkeypatch.setattr(sweep, "ask", once)
    found = bench(tmp_path / "out", ["local:back=4"], [16])
    (row,) = found["rows"]
    assert row["status"] == "measured", row
    assert (row["what"], row["length"], row["kernel"]) == ("local:back=4", 16, "dense")
    assert row["multiplications"] == 2 * 2 * 16 * 16 * 4 + 16 * 4 * 64
    for name, passes in (("forward", 1), ("forward_backward", 3)):
        assert 0 < row[f"{name}_seconds"] < row[f"{name}_first_seconds"]
        assert len(row[f"{name}_all_seconds"]) == 2
        share = 2 * passes * row["multiplications"] / row[f"{name}_seconds"] / 1e12
        assert row[f"{name}_share_of_peak"] == pytest.approx(share)
    assert 0 <= row["peak_bytes"] < 300e6
    assert {"python", "keras", "numpy"} <= set(found["versions"])
    assert "CPU cores" in found["hardware"]
    assert found["date"].endswith("+00:00")
    assert found["settings"]["head_dim"] == 4
    assert found["memory_limit_bytes"] > GB / 10
    assert found["growth"]["local:back=4"] == dict.fromkeys(growth.FIGURES)
    assert (tmp_path / "out" / report.PICTURE).read_bytes().startswith(PNG)
    assert "local:back=4" in capsys.readouterr().out


def pretended(request, limit):
    """A child that answers at once: quadratic time, linear memory, and an end at 64."""
    if "peak" in request:
        return {"operations_per_second": 1e9, "backend": "none", "devices": []}
    length = request["length"]
    if length >= 64:
        return {"status": "out of memory"}
    seconds = 1e-6 * length**2
    found = {"kernel": "dense", "parameters": 1, "multiplications": length**2}
    found |= {"forward_seconds": seconds, "peak_bytes": 1000 * length}
    more = {"forward_backward_seconds": 3 * seconds} if request["backward"] else {}
    return {"status": "measured", **found, **more}


def test_a_sweep_tells_all_it_found_and_what_it_could_not(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "ask", pretended)
    found = bench(tmp_path, ["full", "causal"], [8, 16, 32, 64])
    assert [row["status"] for row in found["rows"]].count("out of memory") == 2
    assert found["growth"]["full"]["forward_backward_seconds"] == pytest.approx(2)
    assert found["growth"]["causal"]["peak_bytes"] == pytest.approx(1)
    shown = capsys.readouterr().out
    says(shown, "out of memory", "full: growth of forward as length^2.00", "memory as length^1.00")
    assert image.imread(tmp_path / report.PICTURE).shape[1] > 1000


def test_a_forward_pass_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "ask", pretended)
    found = bench(tmp_path, forward_only=True)
    assert found["growth"]["full"]["forward_backward_seconds"] is None
    assert found["growth"]["full"]["forward_seconds"] == pytest.approx(2)


def test_nothing_measured_is_an_error_that_says_why(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "ask", pretended)
    says(refused(bench, tmp_path, lengths=[64], error=RunError), "out of memory")
    assert (tmp_path / report.JSON).exists()


def test_a_tiny_memory_limit_makes_a_row(tmp_path):
    says(
        refused(bench, tmp_path, lengths=[8], memory_limit=0.02, error=RunError),
        "nothing could be measured: out of memory: above 0.0 GB",
    )
    found = json.loads((tmp_path / report.JSON).read_text())
    assert found["rows"][0]["status"] == "out of memory: above 0.0 GB"


def test_what_was_measured_is_kept_when_it_is_stopped(tmp_path, monkeypatch):
    def stopped(request, limit):
        if request.get("length") == 16:
            raise KeyboardInterrupt
        return pretended(request, limit)

    monkeypatch.setattr(sweep, "ask", stopped)
    with pytest.raises(KeyboardInterrupt):
        bench(tmp_path)
    found = json.loads((tmp_path / report.JSON).read_text())
    assert [row["length"] for row in found["rows"]] == [8]
    assert (tmp_path / report.PICTURE).exists()


def test_ctrl_c_ends_the_child_too(tmp_path):
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background job ignores it
        "from zoo.bench import process\n"
        "process.CHILD = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
        "print('ready', flush=True)\n"
        "try: process.ask({}, 10**9)\n"
        "except KeyboardInterrupt: print('stopped')\n"
    )
    root = Path(cli.__file__).parent.parent
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root)
    running.stdout.readline()
    time.sleep(0.5)
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    child = children.read_text().split() if children.exists() else []
    running.send_signal(signal.SIGINT)
    assert b"stopped" in running.communicate(timeout=20)[0]
    assert not any(Path(f"/proc/{each}").exists() for each in child)


@pytest.mark.parametrize("out", ["file", "file/inside"])
def test_a_folder_that_cannot_be_made(tmp_path, out):
    (tmp_path / "file").write_text("")
    says(refused(bench, tmp_path / out), "no folder can be made here")


def test_help_needs_no_backend():
    code = (
        "import sys; sys.argv = ['zoo', 'bench', *sys.argv[1:]]\n"
        "from zoo import cli\n"
        "try: cli.main()\n"
        "except SystemExit as done: code = done.code\n"
        "heavy = {'keras', 'tensorflow', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "sys.exit(code)\n"
    )
    for arguments, code_ in ((["--help"], 0), (["locl"], 2), (["full", "--lengths", "x"], 2)):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, check=False
        )
        assert done.returncode == code_, done.stderr.decode()
