"""A real k6 against a real server: what is told is what the server saw, and every end is called by its name."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from chaoslab.clock import SystemClock
from chaoslab.errors import ChaoslabError, ScriptError, ToolError
from chaoslab.tools.engine import HELPER_LABEL
from engine.k6_lab import IMAGE, LIMIT_SECONDS, K6Lab, k6_lab

pytestmark = pytest.mark.engine
LONG = "import http from 'k6/http'; export const options = {vus: 2, duration: '60s'}; export default function () { http.get(`${__ENV.BASE_URL}/ok`) }"
EACH_PATH = """
import http from 'k6/http';
const base = __ENV.BASE_URL;
export const options = { vus: 4, iterations: 40 };
export default function () {
  http.get(`${base}/ok?iteration=${__ITER}`);
  http.get(`${base}/named/${__ITER}`, { tags: { name: 'by its own name' } });
  http.get(`${base}/broken`);
  http.get(`${base}/busy`);
  http.get(`${base}/worse`);
  http.get(`${base}/reset`);
  http.get(`${base}/hang`, { timeout: '200ms' });
  http.get('http://web:1/closed');
  http.get('http://nowhere.invalid/');
}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[K6Lab]:
    """One server for all."""
    with k6_lab(tmp_path_factory.mktemp("k6")) as lab:
        until(lambda: answers(lab), "an answer of the server")
        yield lab


def answers(lab: K6Lab) -> bool:
    """Whether the server is up."""
    try:
        return lab.counts() is not None
    except AssertionError:
        return False


def until(condition: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
    """Wait for a condition."""
    clock = SystemClock()
    deadline_ns = clock.now_ns() + int(seconds * 1e9)
    while not condition():
        assert clock.now_ns() < deadline_ns, f"no {what} within {seconds} s"
        clock.sleep(0.02)


def test_every_request_is_told_as_the_server_saw_it(lab: K6Lab) -> None:
    """Count and outcome of each path; what got no answer is told apart; send instants lie on the kernel's monotonic clock."""
    clock, before = SystemClock(), lab.counts()
    began_ns = clock.now_ns()
    run = lab.start(EACH_PATH)
    ended = run.end()
    ended.check()
    ended_ns = clock.now_ns()
    told = Counter((row.name, row.outcome) for row in run.rows)
    assert told == {
        ("GET /ok", 200): 40,
        ("by its own name", 200): 40,
        ("GET /broken", 500): 40,
        ("GET /busy", "shed"): 40,
        ("GET /worse", 503): 40,
        ("GET /reset", "reset"): 40,
        ("GET /hang", "timeout"): 40,
        ("GET /closed", "refused"): 40,
        ("GET /", "dns"): 40,
    }
    saw = Counter(lab.counts())
    saw.subtract(before)
    assert {path: saw[path] for path in ("/ok", "/broken", "/busy", "/worse", "/hang")} == dict.fromkeys(
        ("/ok", "/broken", "/busy", "/worse", "/hang"), 40
    )
    assert sum(count for path, count in saw.items() if path.startswith("/named/")) == 40
    if lab.engine.endpoint.local:
        assert all(began_ns < row.sent_ns <= row.finished_ns < ended_ns for row in run.rows)
    assert all(150_000 < row.duration_us < 1_000_000 for row in run.rows if row.outcome == "timeout")
    assert ended.summary is not None
    assert ended.summary["metrics"]["http_reqs"]["count"] == 360
    assert sum("Request Failed" in line for line in run.log) == 20
    assert any("140 more requests failed" in line for line in run.log)


def test_batches_come_while_it_runs_and_a_stop_is_orderly(lab: K6Lab) -> None:
    """Five a second, with the number of users; after SIGINT the summary comes, and it is no error."""
    run = lab.start(LONG)
    assert run.k6 is not None
    until(lambda: any(batch.vus == 2 and batch.rows for batch in tuple(run.batches)), "batch with two users")
    assert run.k6.ended() is None
    run.k6.stop()
    ended = run.end()
    ended.check()
    assert ended.exit_code == 105
    assert ended.summary is not None
    assert ended.summary["metrics"]["http_reqs"]["count"] == len(run.rows)
    gaps = [after.at_ns - before.at_ns for before, after in zip(run.batches, run.batches[1:], strict=False)]
    assert sorted(gaps)[len(gaps) // 2] < 300_000_000


def test_a_killed_k6_is_a_tool_error(lab: K6Lab) -> None:
    """Killed by somebody else in the middle: exit 4 for whoever asked, and it says so."""
    run = lab.start(LONG)
    until(lambda: bool(run.rows), "request")
    assert run.k6 is not None
    lab.engine.kill(run.k6._container)
    with pytest.raises(ToolError, match="killed by somebody"):
        run.end().check()


def test_a_removed_k6_is_a_tool_error(lab: K6Lab) -> None:
    """`down` or `recover` from another terminal takes it away."""
    run = lab.start(LONG)
    until(lambda: bool(run.rows), "request")
    assert run.k6 is not None
    lab.engine.remove(run.k6._container)
    with pytest.raises(ToolError, match="removed"):
        run.end().check()


def test_k6_ends_at_its_limit(lab: K6Lab) -> None:
    """A forgotten one stops by itself, whatever the script's own duration."""
    run = lab.start(LONG, limit_seconds=1.5)
    with pytest.raises(ToolError, match="its time limit is over"):
        run.end().check()
    assert run.rows


def test_k6_ends_with_the_harness(lab: K6Lab) -> None:
    """A harness that is killed lets go of its input: nothing goes on loading."""
    code = f"""
import sys
from pathlib import Path
from chaoslab.tools.endpoint import resolve
from chaoslab.tools.engine import Engine
from chaoslab.tools.k6 import K6, K6Job
job = K6Job("{lab.project}", "{lab.project}", "{IMAGE}", Path(sys.argv[1]), {{"BASE_URL": "http://web:8000"}}, {LIMIT_SECONDS})
k6 = K6.start(Engine(resolve()), job, lambda batch: batch.rows and print(k6._container, flush=True))
k6.wait(60)
"""
    script = lab.folder / "long.js"
    script.write_text(LONG)
    with subprocess.Popen([sys.executable, "-c", code, str(script)], stdout=subprocess.PIPE, text=True) as harness:
        assert harness.stdout is not None
        container = harness.stdout.readline().strip()
        harness.kill()
    try:
        until(lambda: (left := lab.engine.inspect(container)) is not None and left.state == "exited", "end of k6", 10)
    finally:
        lab.engine.remove(container)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("throw new Error('USERS must be a number'); export default function () {}", "Error: USERS must be a number"),
        ("export default function () {", "Unexpected end of input"),
        ("import './nosuch.js'; export default function () {}", "nosuch.js"),
        ("export function setup() { throw new Error('no login') } export default function () {}", "no login"),
        ("export const options = {iterations: 3}; export default function () { nosuch() }", "nosuch is not defined"),
        ("export const options = {vus: 'many'}; export default function () {}", "many"),
        ("import http from 'k6/http';", "no exported functions"),
    ],
)
def test_a_script_with_an_error_is_named(lab: K6Lab, text: str, says: str) -> None:
    """It is the user's error, and k6's own words say where."""
    with pytest.raises(ScriptError, match=f"script\\.js has an error: .*{says}"):
        lab.start(text).end().check()


def test_a_missing_script_starts_nothing(lab: K6Lab) -> None:
    """No container is left behind."""
    with pytest.raises(ScriptError, match="no load script"):
        lab.start_file(lab.folder / "gone.js", {})
    assert not [each for each in lab.engine.helpers(lab.project) if each["State"] == "created"]


def test_a_missing_image_says_how_to_build_it(lab: K6Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the engine's 404."""
    monkeypatch.setattr("engine.k6_lab.IMAGE", "chaoslab/k6:0.0.0-never")
    with pytest.raises(ChaoslabError, match="make images"):
        lab.start(LONG)


def test_a_batch_that_cannot_be_read_ends_k6(lab: K6Lab) -> None:
    """It says what it read, and k6 does not go on unheard."""
    words = r"""'chaoslab-load {"at_ns": "never"}\n'"""
    run = lab.start(f"export default function () {{}} export const handleSummary = () => ({{stdout: {words}}})")
    with pytest.raises(ToolError, match="no batch"):
        run.end().check()


def test_thresholds_and_aborts_are_told_without_being_errors(lab: K6Lab) -> None:
    """They are what the script says of the system."""
    crossed = lab.start(
        "export const options = {iterations: 1, thresholds: {iterations: ['count>5']}}; export default function () {}"
    ).end()
    crossed.check()
    assert crossed.thresholds_crossed
    aborted = lab.start(
        "import exec from 'k6/execution'; export default function () { exec.test.abort('enough') }"
    ).end()
    aborted.check()
    assert aborted.aborted


def test_the_container_is_hardened_and_ours(lab: K6Lab) -> None:
    """No capabilities, read-only root, not root, bounded; labelled, so that whoever cleans up finds it; a relative path is writable."""
    script = "export const options = {duration: '20s'}; export default function () {} export function handleSummary() { return {'mine.json': '{}'} }"
    run = lab.start(script)
    assert run.k6 is not None
    raw = lab.engine.inspect_raw(run.k6._container)
    assert raw is not None
    host = raw["HostConfig"]
    assert (host["CapDrop"], host["ReadonlyRootfs"], host["Binds"]) == (["ALL"], True, None)
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["Memory"] > 0
    assert host["PidsLimit"] > 0
    assert raw["Config"]["User"] == "10001:10001"
    assert raw["Config"]["Labels"][HELPER_LABEL] == lab.project
    until(lambda: bool(run.batches), "batch")
    run.k6.stop()
    run.end()
    assert not any("failed to handle" in line for line in run.log)
    run.k6.close()
    assert lab.engine.inspect(run.k6._container) is None
