"""Object detectors give every thing once, with its name as people say it, where it is, and how sure they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.media import Frame, Pixels
from pipelines.backends import BackendError
from pipelines.captioners import people
from pipelines.captioners.ssd import Detection
from pipelines.spots import Spot
from pipelines.spotters.fastestdet import OVERLAP, FastestDet, FastestDetector, decoded
from pipelines.spotters.names import names
from tests.small.spotter_fastestdet import make, write
from tests.standins import stand_in

RED, BLUE = (255, 0, 0), (0, 0, 255)


def shown(*squares: tuple[float, float, tuple[int, int, int]], size: tuple[int, int] = (720, 1280)) -> Frame:
    """Squares of one cell around these places, in shares of a black picture."""
    picture = np.zeros((352, 352, 3), np.uint8)
    for x, y, colour in squares:
        left, top = int(x * 22) * 16, int(y * 22) * 16
        picture[top : top + 16, left : left + 16] = colour
    return Frame(np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_NEAREST), np.uint8), 0.0, "desk")


def photo(media: Path, name: str) -> Pixels:
    found = cv2.imread(str(media / "images" / name))
    assert found is not None
    return np.ascontiguousarray(found[:, :, ::-1], np.uint8)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> FastestDetector:
    pytest.importorskip("onnxruntime")
    return FastestDet(**make(tmp_path_factory.mktemp("small"))).load()


# FastestDet, on weights made here


def test_things_are_named_in_words_and_boxes_lie_where_they_are(small: FastestDetector) -> None:
    found = {spot.label: spot for spot in small.spot(shown((0.2, 0.3, RED), (0.8, 0.7, BLUE)))}
    assert found.keys() == {"person", "dining table"}
    for label, (x, y) in {"person": (0.2, 0.3), "dining table": (0.8, 0.7)}.items():
        assert (found[label].box.x, found[label].box.y) == pytest.approx((x, y), abs=0.05)
        assert found[label].box.right - found[label].box.left == pytest.approx(0.12, abs=0.01)
        assert 0.4 < found[label].score <= 1


@pytest.mark.parametrize("size", [(720, 1280), (1280, 720), (90, 120), (352, 352)])
def test_the_shape_of_the_picture_does_not_move_what_is_in_it(small: FastestDetector, size: tuple[int, int]) -> None:
    (spot,) = small.spot(shown((0.5, 0.5, RED), size=size))
    assert (spot.box.x, spot.box.y) == pytest.approx((0.5, 0.5), abs=0.06)


def test_nothing_is_found_in_the_dark(small: FastestDetector) -> None:
    assert small.spot(shown()) == []


def test_boxes_end_at_the_edge_of_the_picture(small: FastestDetector) -> None:
    (spot,) = small.spot(shown((0.0, 0.99, RED)))
    assert (spot.box.left, spot.box.bottom) == (0.0, 1.0)


def test_labels_are_those_that_have_a_name(small: FastestDetector) -> None:
    assert small.labels == ("person", "dining table")


def cell(kinds: dict[int, float], thing: float = 0.9) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """What one cell gives: something a fifth of the picture wide, and how likely each of three names is."""
    return np.array([thing, 0, 0, -1.4, -1.4, *(kinds.get(kind, 0.0) for kind in range(3))], np.float32)


def grid(*cells: tuple[int, int, dict[int, float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    output = np.zeros((8, 22, 22), np.float32)
    for row, column, kinds in cells:
        output[:, row, column] = cell(kinds)
    return output


def labels_of(found: list[Spot]) -> Counter[str]:
    return Counter(spot.label for spot in found)


def test_one_thing_in_two_cells_is_told_once_by_the_surer() -> None:
    found = decoded(grid((10, 10, {0: 0.9}), (10, 11, {0: 0.7})), ("cat", "dog", "cup"), 0.4)
    assert labels_of(found) == {"cat": 1}
    assert found[0].score == pytest.approx(0.9**0.6 * 0.9**0.4)


def test_two_of_a_kind_apart_are_two() -> None:
    found = decoded(grid((10, 4, {0: 0.9}), (10, 16, {0: 0.7})), ("cat", "dog", "cup"), 0.4)
    assert labels_of(found) == {"cat": 2}


def test_another_name_for_the_same_place_is_kept_as_a_sign_of_doubt() -> None:
    found = decoded(grid((10, 10, {0: 0.9}), (10, 11, {1: 0.7})), ("cat", "dog", "cup"), 0.4)
    assert [spot.label for spot in found] == ["cat", "dog"]
    assert found[0].box.overlap(found[1].box) > 0.5


def test_what_has_no_name_is_not_told() -> None:
    assert decoded(grid((10, 10, {1: 0.9})), ("cat", "", "cup"), 0.4) == []


@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.9))
def test_whatever_it_gives_boxes_are_in_the_picture_and_no_two_of_a_kind_the_same(seed: int, least: float) -> None:
    output = np.random.default_rng(seed).normal(0.5, 1.5, (8, 22, 22)).astype(np.float32)
    found = decoded(output, ("cat", "dog", "cup"), least)
    for index, spot in enumerate(found):
        assert 0 <= spot.box.left <= spot.box.right <= 1
        assert 0 <= spot.box.top <= spot.box.bottom <= 1
        assert least < spot.score <= 1
        same = [other for other in found[:index] if other.label == spot.label]
        assert all(spot.box.overlap(other.box) <= OVERLAP + 1e-6 for other in same)


def test_numbers_that_are_none_are_no_things() -> None:
    output = np.full((8, 22, 22), np.nan, np.float32)
    assert decoded(output, ("cat", "dog", "cup"), 0.4) == []


# Its files


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    make(tmp_path)
    loaded = FastestDet(weights=str(tmp_path / "small.onnx"), names=str(tmp_path / "small.names")).load()
    assert loaded.spot(shown((0.5, 0.5, RED)))[0].label == "person"


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda folder: (folder / "small.onnx").write_bytes(b"no model"), "small.onnx cannot be loaded"),
        (lambda folder: (folder / "small.onnx").unlink(), r"one \.onnx file is wanted in .*, not 0: name the file"),
        (lambda folder: (folder / "small.names").unlink(), r"one \.names file is wanted in .*spotter\.names"),
        (lambda folder: (folder / "other.names").touch(), r"not 2: name it as spotter\.names"),
        (lambda folder: (folder / "small.names").write_text("person"), "knows 2 things, but there are 1 names"),
        (lambda folder: (folder / "small.names").write_bytes(b"\xff\xfe\x00"), "there are no names of things in"),
        (lambda folder: write(folder / "small.onnx", 3), "knows 3 things, but there are 2 names"),
    ],
)
def test_wrong_files_are_told_in_one_line(tmp_path: Path, spoil: object, line: str) -> None:
    options = FastestDet(**make(tmp_path))
    spoil(tmp_path)  # type: ignore[operator]
    with pytest.raises(BackendError, match=line) as told:
        options.load()
    assert "\n" not in str(told.value)


def test_a_model_of_another_kind_is_told_from_it(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from onnx import TensorProto, helper, save

    make(tmp_path)
    given = helper.make_tensor_value_info("sound", TensorProto.FLOAT, [1, 3, 352, 352])
    made = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3, 1, 1])
    graph = helper.make_graph([helper.make_node("GlobalAveragePool", ["sound"], ["out"])], "other", [given], [made])
    save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9),
        str(tmp_path / "small.onnx"),
    )
    with pytest.raises(BackendError, match=r"is no FastestDet model: it gives \(1, 3, 1, 1\)"):
        FastestDet(weights=str(tmp_path)).load()


def test_weights_that_are_nowhere_are_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNI_HOME", str(tmp_path))
    with pytest.raises(BackendError, match=r"no weights 'fastestdet': name the folder in which FastestDet\.onnx"):
        FastestDet(weights="fastestdet").load()
    with pytest.raises(BackendError, match="there is no file or folder"):
        FastestDet(weights=str(tmp_path / "nowhere")).load()


def test_names_are_words_and_blank_lines_at_the_end_are_none(tmp_path: Path) -> None:
    written = "\ufeffPerson\r\ntraffic_light\n\npottedplant\n cell phone \nMotorcycle\n\n"
    (tmp_path / "a.names").write_text(written, "utf-8")
    assert names(tmp_path / "a.names") == ("person", "traffic light", "", "potted plant", "cell phone", "motorbike")


# FastestDet, on its published weights


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("darknet-dog.jpg", {"dog", "bicycle", "car"}),
        ("va-cat.jpg", {"cat"}),
        ("ski-astronaut.png", {"person"}),
        ("ski-coffee.png", {"cup", "dining table"}),
        ("darknet-horses.jpg", {"horse"}),
    ],
)
def test_photos_show_what_they_show(media: Path, name: str, there: set[str]) -> None:
    found = FastestDet(weights=str(stand_in("fastestdet"))).load().spot(Frame(photo(media, name), 0.0, "desk"))
    assert there <= {spot.label for spot in found}


def test_the_dog_is_before_the_bicycle_and_the_truck_behind(media: Path) -> None:
    model = FastestDet(weights=str(stand_in("fastestdet"))).load()
    seen = model.spot(Frame(photo(media, "darknet-dog.jpg"), 0.0, "desk"))
    found = {spot.label: spot.box for spot in reversed(seen)}  # of several, the surest
    assert found["dog"].x < found["bicycle"].x < found["car"].x
    assert found["dog"].bottom > found["bicycle"].bottom > found["car"].bottom


# People: faces and bodies


def face(x: float, y: float, score: float, size: float = 0.1) -> Detection:
    return Detection(x - size / 2, y - size / 2, x + size / 2, y + size / 2, score)


def body(x: float, hips: float, radius: float, score: float) -> Detection:
    """As the body detector gives one in a square picture: its own box says little, its points how large it is."""
    return Detection(x - 0.1, hips - 0.3, x + 0.1, hips - 0.1, score, ((x, hips), (x, hips - radius)))


def test_somebody_found_by_face_and_body_is_one_person_where_the_body_is() -> None:
    found = people.together([face(0.52, 0.3, 0.95)], [people.figure(body(0.5, 0.6, 0.38, 0.7), 1.0)], 1.0)
    assert len(found) == 1
    assert (found[0].x, found[0].top, found[0].bottom) == pytest.approx((0.5, 0.22, 0.98))
    assert found[0].score == 0.95


def test_a_face_beside_a_body_is_another_person_from_head_to_foot() -> None:
    found = people.together([face(0.9, 0.3, 0.8)], [people.figure(body(0.3, 0.6, 0.38, 0.7), 1.0)], 1.0)
    assert [round(one.x, 2) for one in found] == [0.88, 0.3]
    assert found[0].bottom - found[0].top == pytest.approx(0.7)


def test_two_faces_in_one_body_are_two_people() -> None:
    heads = [face(0.5, 0.3, 0.95), face(0.55, 0.6, 0.92)]
    assert len(people.together(heads, [people.figure(body(0.5, 0.6, 0.38, 0.7), 1.0)], 1.0)) == 2


@pytest.mark.parametrize("aspect", [0.5, 1.0, 16 / 9])
def test_somebody_nearer_has_a_larger_box_whatever_the_pictures_shape(aspect: float) -> None:
    near, far = (people.figure(body(0.5, 0.5, radius, 0.9), aspect) for radius in (0.4, 0.2))
    assert near.bottom - near.top == pytest.approx(0.8)
    assert far.bottom - far.top == pytest.approx(0.4)
    assert (far.right - far.left) * aspect == pytest.approx(0.4 * people.SLIM)


def test_somebody_who_lies_is_wider_than_tall() -> None:
    lying = people.figure(Detection(0.4, 0.4, 0.6, 0.6, 0.9, ((0.5, 0.5), (0.8, 0.5))), 1.0)
    assert lying.right - lying.left > 2 * (lying.bottom - lying.top)


def test_the_astronaut_is_one_person_whose_box_grows_as_she_comes_closer(media: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    from pipelines.spotters.embedded import EmbeddedSpotter

    if isinstance(people.finder(), people.CascadeFinder):
        pytest.skip("the person detectors are not here: omni models pull people")
    model, picture, heights = EmbeddedSpotter(), photo(media, "ski-astronaut.png"), []
    for scale in (0.5, 1.0):
        room = np.full((720, 1280, 3), 90, np.uint8)
        she = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), np.uint8)
        room[-she.shape[0] :, 200 : 200 + she.shape[1]] = she
        (spot,) = model.spot(Frame(room, 0.0, "desk"))
        assert spot.label == "person"
        assert 0.8 < spot.score <= 1
        assert spot.box.left * 1280 < 200 + she.shape[1] / 2 < spot.box.right * 1280
        heights.append(spot.box.bottom - spot.box.top)
    assert heights[1] > 1.5 * heights[0]
