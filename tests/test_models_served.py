"""Which versions serve: the latest that load, those with a label, and nothing half-copied."""

import functools
import shutil
import threading
import time

import foreign
import pytest
from foreign import texts
from grpc import StatusCode

from zoo.core.errors import ZooError
from zoo.core.folders import write_folder
from zoo.serving.server import versions
from zoo.serving.server.models import Models
from zoo.serving.server.refused import Refused


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """SavedModels that multiply by one, two and three."""
    folder = tmp_path_factory.mktemp("saved")
    return {n: foreign.save(folder / str(n), weight=float(n)) for n in (1, 2, 3)}


@pytest.fixture
def put(saved, tmp_path):
    """Put a SavedModel at models/<name>/<version>, whole, as the zoo writes it."""

    def put(version, name="numbers", weight=None):
        target = tmp_path / "models" / name / str(version)
        source = saved[weight or version]
        write_folder(target, lambda aside: shutil.copytree(source, aside, dirs_exist_ok=True))
        return target

    (tmp_path / "models").mkdir()
    return put


@pytest.fixture
def models(put, tmp_path):
    def models(**options):
        return Models(tmp_path / "models", **options)

    return models


def answer(servable):
    return servable.find().run({"text": texts("1")})["number"].tolist()


def states(models, name="numbers"):
    return [(one.version, one.state) for one in models.status(name)]


def refused(call, *given, **named):
    with pytest.raises(Refused) as found:
        call(*given, **named)
    return found.value.code, found.value.message


def test_the_latest_serves_and_others_by_their_number(put, models):
    put(1), put(2)
    found = models(latest=2)
    assert not found.ready()
    found.scan()
    assert found.ready()
    assert found.names() == ["numbers"]
    assert answer(found.find("numbers")) == [2.0]
    assert answer(found.find("numbers", 1)) == [1.0]
    assert states(found) == [(2, "AVAILABLE"), (1, "AVAILABLE")]


def test_what_is_not_there_is_said_as_tensorflow_serving_does(put, models):
    put(1)
    found = models(labels={"numbers": {"stable": 1, "next": 2}})
    found.scan()
    for call in (found.find, found.status):
        unlabelled = (StatusCode.NOT_FOUND, "Unrecognized servable version label: gone")
        assert refused(call, "numbers", label="gone") == unlabelled
        assert refused(call, "other", label="stable")[0] == StatusCode.NOT_FOUND
    next_one = functools.partial(found.find, label="next")
    missing = {
        "Servable not found for request: Latest(../numbers)": (found.find, "../numbers"),
        "Servable not found for request: Specific(numbers, 7)": (found.find, "numbers", 7),
        "Servable not found for request: Specific(numbers, 2)": (next_one, "numbers"),
        "Could not find any versions of model ..%2fnumbers": (found.status, "..%2fnumbers"),
        "Could not find version 7 of model numbers": (found.status, "numbers", 7),
    }
    assert {refused(*asked) for asked in missing.values()} == {
        (StatusCode.NOT_FOUND, message) for message in missing
    }
    assert answer(found.find("numbers", label="stable")) == [1.0]


def test_a_new_version_takes_over_when_it_is_warm(put, models, monkeypatch):
    put(1)
    found = models()
    found.scan()
    put(2)
    seen = []

    def load(name, version, folder):
        seen.append((version, answer(found.find("numbers")), states(found)))
        return plain(name, version, folder)

    plain = versions.load
    monkeypatch.setattr(versions, "load", load)
    found.scan()
    assert seen == [(2, [1.0], [(2, "LOADING"), (1, "AVAILABLE")])]
    assert answer(found.find("numbers")) == [2.0]
    assert states(found) == [(2, "AVAILABLE"), (1, "END")]
    assert refused(found.find, "numbers", 1)[0] == StatusCode.NOT_FOUND


def test_a_label_keeps_an_old_version(put, models):
    put(1), put(2), put(3)
    found = models(labels={"numbers": {"stable": 1}})
    found.scan()
    assert answer(found.find("numbers")) == [3.0]
    assert answer(found.find("numbers", label="stable")) == [1.0]
    assert refused(found.find, "numbers", 2)[0] == StatusCode.NOT_FOUND


def test_a_request_in_flight_keeps_its_version(put, models):
    put(1)
    found = models()
    found.scan()
    held = found.find("numbers")
    put(2)
    found.scan()
    assert states(found) == [(2, "AVAILABLE"), (1, "UNLOADING")]
    assert answer(held) == [1.0]
    del held
    assert states(found) == [(2, "AVAILABLE"), (1, "END")]


def test_a_corrupt_version_leaves_the_old_one_and_says_why(put, models, monkeypatch):
    put(1)
    found = models()
    found.scan()
    broken = put(2)
    (broken / "saved_model.pb").write_bytes(b"rubbish")
    loads, plain = [], versions.load
    monkeypatch.setattr(versions, "load", lambda *a: loads.append(a[1]) or plain(*a))
    for _ in range(3):
        found.scan()
    assert loads == [2], "tried once while its files are the same"
    assert answer(found.find("numbers")) == [1.0]
    assert states(found) == [(2, "END"), (1, "AVAILABLE")]
    (wrong,) = found.status("numbers", 2)
    assert (wrong.code, wrong.message) == (
        StatusCode.DATA_LOSS,
        "the folder: saved_model.pb is missing or damaged.",
    )
    put(2)
    found.scan()
    assert loads == [2, 2]
    assert answer(found.find("numbers")) == [2.0]


def test_at_the_start_the_newest_that_loads_serves(put, models):
    put(1)
    (put(2) / "fingerprint.pb").unlink()
    found = models()
    found.scan()
    assert answer(found.find("numbers")) == [1.0]


def test_half_copied_versions_are_ignored(put, models, saved, tmp_path):
    put(1)
    found = models()
    found.scan()
    target = tmp_path / "models" / "numbers" / "2"
    (target / "variables").mkdir(parents=True)
    for step in ["variables/variables.index", "fingerprint.pb", "saved_model.pb"]:
        shutil.copy(saved[2] / step, target / step)
        found.scan()
        assert states(found) == [(1, "AVAILABLE")], step
    name = "variables/variables.data-00000-of-00001"
    shutil.copy(saved[2] / name, target / name)
    found.scan()
    assert states(found) == [(1, "AVAILABLE")], "it may still be growing"
    found.scan()
    assert answer(found.find("numbers")) == [2.0]


@pytest.mark.parametrize("name", ["abc", "-1", "01", "0", "1.0", "٣", "9" * 19, "2.tmp", "1 "])
def test_only_plain_numbers_are_versions(put, models, saved, tmp_path, name):
    put(1)
    shutil.copytree(saved[3], tmp_path / "models" / "numbers" / name)
    found = models(latest=9)
    found.scan()
    assert states(found) == [(1, "AVAILABLE")]


def test_a_version_that_is_taken_away_ends(put, models):
    put(1)
    folder = put(2)
    found = models()
    found.scan()
    shutil.rmtree(folder)
    found.scan()
    assert answer(found.find("numbers")) == [1.0]
    found.scan()
    assert states(found) == [(1, "AVAILABLE")]
    shutil.rmtree(folder.parent)
    found.scan()
    found.scan()
    assert found.names() == []


def test_one_broken_model_leaves_the_others(put, models):
    put(1)
    (put(1, name="broken") / "saved_model.pb").write_bytes(b"")
    found = models()
    found.scan()
    assert found.ready()
    assert found.names() == ["broken", "numbers"]
    assert states(found, "broken") == [(1, "END")]
    assert answer(found.find("numbers")) == [1.0]


def test_folders_of_versions_are_models_themselves(put, tmp_path):
    put(1), put(2, name="more")
    found = Models(tmp_path / "models" / "numbers", tmp_path / "models" / "more")
    found.scan()
    assert found.names() == ["more", "numbers"]
    with pytest.raises(ZooError, match="no such folder"):
        Models(tmp_path / "nothing")


def test_a_disk_that_goes_away_stops_nothing(put, models, tmp_path):
    put(1)
    found = models()
    found.scan()
    (tmp_path / "models").rename(tmp_path / "away")
    found.scan()
    assert answer(found.find("numbers")) == [1.0]


def test_a_thread_finds_new_versions_while_others_ask(put, models):
    put(1)
    found = models(poll_seconds=0.01)
    found.start()
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers.append(answer(found.find("numbers"))[0])

    wait(found.ready)
    client = threading.Thread(target=ask)
    client.start()
    put(2), wait(lambda: 2.0 in answers)
    put(3), wait(lambda: 3.0 in answers)
    stop.set()
    client.join()
    found.close()
    assert answers == sorted(answers), "an old version answered after a new one"


def wait(done, seconds=30):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
