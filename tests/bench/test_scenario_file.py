"""Scenario files: the shipped ones are valid, and a mistake is named with line and remedy."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from engine.bench import scenario_file
from engine.bench.metrics import METRICS
from engine.bench.scenario_file import parse
from engine.errors import ManyErrors, UserError
from engine.sim.scenario import Happening, SenseModel, Spread, When
from engine.sim.scenario_world import ScenarioWorld

REQUIRED = {
    "walker", "fast_walker", "cook", "wake_word_behind", "two_people", "tv_talking", "echo_behind",
    "hand_over_lens", "person_leaves", "beyond_range", "pet", "shutter_mid_move", "stall",
    "manual_push", "touch_scroll", "bump", "away_pan",
}  # fmt: skip

GOOD = """
name: mine
about: a test
duration: 10
moments: {call: [3, 4]}
people:
  - id: ann
    start: {bearing: [-5, 5], distance: 2}
    path:
      - {go: {x: 1, y: 1}, speed: 1.2, stay: [1, 2], facing: 90}
    speech:
      - {at: call + 1.5, seconds: 2, wake_word: true}
events:
  - push: {at: [1, 2]}
  - command: {at: 5, name: turn, arguments: {heading: 20, pace: brisk}}
floors: {V: 90}
"""


def test_all_required_scenarios_are_shipped_and_valid() -> None:
    shipped = scenario_file.shipped()
    assert set(shipped) >= REQUIRED
    for name, file in shipped.items():
        scenario = scenario_file.load(file)
        assert scenario.name == name
        assert scenario.about
        assert {f.metric for f in scenario.floors} <= set(METRICS)
        assert any(f.metric == "violations" for f in scenario.floors)


@pytest.mark.parametrize(
    ("scenario", "floors"),
    [
        ("walker", {"V": 98.0, "TR": 1.8}),
        ("fast_walker", {"V": 97.0}),
        ("cook", {"V": 99.0, "M": 4.0, "TR": 4.0, "U": 1.0}),
        ("shutter_mid_move", {"stop": 0.15, "closed_deg": 0.0, "closed_frames": 0.0}),
        ("manual_push", {"pushes_felt": 99.0, "yield": 0.25, "fights": 0.0}),
        ("touch_scroll", {"false_pushes": 1.0}),
    ],
)
def test_the_promised_floors_are_in_the_files(scenario: str, floors: dict[str, float]) -> None:
    loaded = scenario_file.load(scenario_file.find(scenario))
    assert floors.items() <= {f.metric: f.value for f in loaded.floors}.items()


def test_the_short_forms_mean_what_they_say() -> None:
    scenario = parse(GOOD, "mine.yaml")
    ann = scenario.people[0]
    assert ann.start.distance == Spread(2.0, 2.0)
    assert ann.path[0].stay == Spread(1.0, 2.0)
    assert ann.path[0].facing is not None
    assert ann.path[0].facing.direction == 90.0
    assert ann.speech[0].at == When(Spread(1.5, 1.5), "call")
    assert [e.kind for e in scenario.events] == [Happening.PUSH, Happening.COMMAND]
    assert {a.name: a.value for a in scenario.events[1].arguments} == {
        "heading": 20.0,
        "pace": "brisk",
    }


MISTAKES = [
    ("duration: 10", "duration: ten", "mine.yaml:4: duration: must be a number", "decimal"),
    ("duration: 10", "duration: 0", "mine.yaml:4: duration: 0 is below 1", "choose"),
    ("about: a test", "abuot: a test", "mine.yaml:3: abuot: is not a setting", "about"),
    ("distance: 2", "distanze: 2", "people.1.start.distanze: is not", "distance"),
    ("bearing: [-5, 5], ", "", "people.1.start: a place is x and y", "pairs"),
    ("call + 1.5", "cal + 1.5", "people.1.speech.1.at: no moment is called cal", "moments"),
    ("stay: [1, 2]", "stay: [2, 1]", "people.1.path.1.stay: [2, 1] runs backwards", "swap"),
    ("facing: 90", "facing: sideways", "sideways is no way to face", "device"),
    ("push:", "puhs:", "mine.yaml:14: events: puhs: cannot happen", "push"),
    ("floors: {V: 90}", "floors: {Q: 90}", "floors: Q is no metric", "V, TR"),
    ("floors: {V: 90}", "primary: [{at: 0, who: bob}]", "primary: nobody is called bob", "ann"),
    ("floors: {V: 90}", "range: [90, -90]", "range: the low end", "swap"),
    (
        "floors: {V: 90}",
        "range: [-400, 400]",
        "mine.yaml:16: range: value 1: -400 is below",
        "choose",
    ),
    ("speed: 1.2", "speed: 0", "mine.yaml:10: people.1.path.1.speed: nobody gets", "more than 0"),
    ("speed: 1.2", "speed: [-1, 1]", "people.1.path.1.speed: nobody gets", "more than 0"),
    ("stay: [1, 2]", "stay: -3", "people.1.path.1.stay: -3 is below 0", "0 or more"),
    ("stay: [1, 2]", "shift: 5, every: -1", "people.1.path.1.every: -1 is below 0", "0 or more"),
    ("seconds: 2,", "seconds: -2,", "mine.yaml:12: people.1.speech.1.seconds: -2 is", "0 or more"),
    ("distance: 2", "distance: -2", "people.1.start.distance: -2 is below 0", "0 or more"),
    ("distance: 2", "distance: 0", "mine.yaml:8: people.1.start.distance: nobody", "more than 0"),
    ("at: [1, 2]", "at: 1, count: 2, every: -1", "events.1.every: -1 is below 0", "0 or more"),
    ("name: turn", "name: trun", "mine.yaml:15: events.2.name: there is no command", "turn"),
    ("name: turn, ", "", "events.2.name: there is no command without a name", "turn"),
    ("name: turn", "name: shutter", "events.2.name: there is no command shutter", "choose"),
    ("heading: 20", "headng: 20", "events.2.arguments: turn has an argument", "heading (between"),
    ("heading: 20", "heading: abc", "events.2.arguments: turn: heading must be", "pace (one of"),
    ("heading: 20, ", "", "events.2.arguments: turn needs heading", "heading (between"),
    (
        "name: turn, arguments: {heading: 20, pace: brisk}",
        "name: presence, arguments: {home: on}",
        "events.2.arguments: presence: home must be one of on, off",
        "quotes",
    ),
    ("name: mine", "name: mine\nname: twice", "mine.yaml:3", "name"),
    ("name: mine", "name: [mine", "mine.yaml", ""),
]


@pytest.mark.parametrize(("right", "wrong", "what", "remedy"), MISTAKES)
def test_a_mistake_is_named_with_file_line_key_and_remedy(
    right: str, wrong: str, what: str, remedy: str
) -> None:
    assert right in GOOD
    with pytest.raises(UserError) as caught:
        parse(GOOD.replace(right, wrong), "mine.yaml")
    text = "\n".join(caught.value.lines)
    assert what in text
    assert remedy in text
    assert caught.value.exit_code == 2


def test_who_is_busy_at_the_device_itself_without_a_pause_just_stands_there() -> None:
    busy = GOOD.replace("{bearing: [-5, 5], distance: 2}", "{x: 0, y: 0}")
    busy = busy.replace(
        "{go: {x: 1, y: 1}, speed: 1.2, stay: [1, 2],", "{stay: 3, shift: 5, every: 0,"
    )
    world = ScenarioWorld(parse(busy, "mine.yaml"), 1)
    assert world.players[0].at(2.0).x == pytest.approx(0.0, abs=0.2)


def test_several_mistakes_are_named_in_one_go() -> None:
    wrong = GOOD.replace("duration: 10", "duration: ten").replace("speed: 1.2", "speed: fast")
    with pytest.raises(ManyErrors) as caught:
        parse(wrong, "mine.yaml")
    assert len(caught.value.lines) >= 2


def test_an_unknown_name_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(UserError, match="did you mean walker"):
        scenario_file.find("waker")


def test_a_path_may_stand_for_a_name(tmp_path: Path) -> None:
    file = tmp_path / "kitchen.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert scenario_file.load(scenario_file.find(str(file))).name == "mine"
    with pytest.raises(UserError, match="no such file"):
        scenario_file.load(scenario_file.find(str(tmp_path / "none.yaml")))


def test_the_example_in_the_documents_is_valid() -> None:
    page = Path(scenario_file.__file__).parents[2] / "docs" / "scenarios.md"
    example = page.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    scenario = parse(example, "docs/scenarios.md")
    assert scenario.name == "my_kitchen"
    assert len(scenario.events) == 1


def test_every_metric_and_every_sense_is_in_the_documents() -> None:
    page = Path(scenario_file.__file__).parents[2] / "docs" / "scenarios.md"
    text = page.read_text(encoding="utf-8")
    senses = [f.name for f in fields(SenseModel)]
    assert [name for name in (*METRICS, *senses, *Happening) if f"`{name}`" not in text] == []
