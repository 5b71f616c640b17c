"""The needs marker: an absent part skips with its reason, and fails where it is required."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFTEST = (Path(__file__).parent / "conftest.py").read_text()
# Plugins that these runs have no use for, and that take long to import.
PLAIN = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "--strict-markers")


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test run of its own with our conftest, on a machine that has no recordings."""
    pytester.makeconftest(CONFTEST)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.setenv("HELIOTROPE_DATA", str(pytester.path / "nowhere"))
    monkeypatch.delenv("HELIOTROPE_REQUIRE", raising=False)
    return pytester


MARKED = """
    import pytest

    @pytest.mark.needs("data")
    def test_of_recordings():
        pass

    def test_of_a_folder(data_dir):
        pass

    def test_of_nothing():
        pass
"""


def run(inner: pytest.Pytester) -> pytest.RunResult:
    return inner.runpytest_inprocess(*PLAIN)


def test_an_absent_part_skips_and_is_listed_with_its_remedy(inner: pytest.Pytester) -> None:
    inner.makepyfile(MARKED)
    result = run(inner)
    result.assert_outcomes(passed=1, skipped=2)
    result.stdout.fnmatch_lines(
        ["*left out on this machine*", "*2 tests: needs data: not found; put the recordings in *"]
    )


@pytest.mark.parametrize("required", ["all", "mosquitto, data"])
def test_an_absent_part_fails_where_it_is_required(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv("HELIOTROPE_REQUIRE", required)
    inner.makepyfile(MARKED)
    result = run(inner)
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) + outcomes.get("errors", 0) == 2
    assert outcomes["passed"] == 1
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_requiring_one_part_lets_another_skip(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOTROPE_REQUIRE", "mosquitto")
    inner.makepyfile(MARKED)
    run(inner).assert_outcomes(passed=1, skipped=2)


def test_a_part_that_is_there_runs(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIOTROPE_DATA", str(inner.path))
    inner.makepyfile(MARKED)
    result = run(inner)
    result.assert_outcomes(passed=3)
    result.stdout.no_fnmatch_line("*left out on this machine*")


def test_an_unknown_part_is_a_mistake_in_the_test(inner: pytest.Pytester) -> None:
    inner.makepyfile(
        """
        import pytest

        @pytest.mark.needs("unicorn")
        def test_of_a_unicorn():
            pass
        """
    )
    result = run(inner)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*'unicorn'*no such part; choose from *apparmor,*data*"])


def test_the_list_holds_under_parallel_workers(inner: pytest.Pytester) -> None:
    inner.makepyfile(MARKED)
    result = inner.runpytest_subprocess(*PLAIN, "-n", "2")
    result.stdout.fnmatch_lines(["*left out on this machine*", "*2 tests: needs data*"])
