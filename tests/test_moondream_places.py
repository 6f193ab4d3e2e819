"""Where moondream2 of 2025 looks, crop by crop, and where it says that things are."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipelines.captioners.moondream import Moondream
from tests.small import captioner_moondream as small

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from torch.nn import functional  # noqa: E402

from pipelines.vision.engines import finish  # noqa: E402
from pipelines.vision.moondream import Cropping, CropSight  # noqa: E402
from pipelines.vision.moondream_regions import Regions, RegionShape, Size  # noqa: E402
from tests import moons  # noqa: E402


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return small.make_2025(tmp_path_factory.mktemp("2025"))


@pytest.fixture(scope="module")
def new(options: dict[str, Any]) -> Moondream:
    return Moondream(**options)


def picture(seed: int = 0, width: int = 200, height: int = 150) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8))


# Pictures


@pytest.mark.parametrize(
    ("width", "height", "crops"),
    [(1280, 720, 9), (1920, 1080, 9), (640, 480, 9), (640, 360, 2), (378, 378, 2), (9, 4000, 2), (30_000, 400, 13)],
)
def test_how_many_crops_a_picture_has(width: int, height: int, crops: int) -> None:
    rows, columns = Cropping().tiling(height, width)
    assert 1 + rows * columns == crops


def test_crops_are_as_large_as_the_tower_takes() -> None:
    cropping = Cropping()
    assert (cropping.grid, cropping.window, cropping.overlap) == (27, 266, 112)
    assert cropping.crops(picture(0, 640, 480), (2, 4)).shape == (9, 3, 378, 378)


class Means:
    """A tower that sees of each patch its mean colour."""

    def features(self, pixels: Any) -> Any:
        count, channels, height, width = pixels.shape
        cells = pixels.reshape(count, channels, height // 14, 14, width // 14, 14).mean((3, 5))
        yield
        return cells.reshape(count, channels, -1).transpose(0, 2, 1)


@pytest.mark.parametrize("tiling", [(1, 1), (1, 3), (3, 1), (2, 4)])
def test_stitched_crops_are_the_picture_again(tiling: tuple[int, int]) -> None:
    cropping = Cropping()
    image = picture(0, 700, 500)
    high, wide = (count * cropping.window + cropping.overlap for count in tiling)
    large = np.asarray(image.resize((wide, high), Image.Resampling.LANCZOS), np.float32).transpose(2, 0, 1)[None]
    expected = finish(Means().features(large / 127.5 - 1)).reshape(high // 14, wide // 14, 3)
    local = finish(Means().features(cropping.crops(image, tiling)[1:]))
    assert np.abs(cropping.stitched(local, tiling) - expected).max() < 1e-5


def test_each_row_is_the_patch_in_the_whole_picture_beside_the_same_place_in_its_crops() -> None:
    """Seen with a tower of mean colours and a connector that changes nothing: both halves are nearly one picture."""
    image = Image.fromarray(
        np.kron(np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8), np.ones((80, 80, 1), np.uint8))
    )
    passing = torch.nn.Linear(6, 6, bias=False)
    passing.weight.data = torch.eye(6)
    rows = finish(CropSight(Means(), passing, Cropping(), np.zeros((1, 6), np.float32), full=True)(image))
    assert rows.shape == (730, 6)
    assert np.abs(rows[1:, :3] - rows[1:, 3:]).mean() < 0.05
    assert np.abs(rows[1:, :3] - rows[::-1][:-1, 3:]).mean() > 0.2


def test_a_small_picture_is_encoded_once_and_a_large_one_in_parts(new: Moondream) -> None:
    sight = new.model.see
    quick = CropSight(sight.vision, sight.projection, sight.cropping, sight.begin, full=False)

    def steps(see: CropSight, image: Image.Image) -> int:
        return sum(1 for _ in see(image))

    wide, little = picture(0, 640, 480), picture(0, 80, 60)
    crops = 1 + int(np.prod(sight.cropping.tiling(480, 640)))
    assert (steps(sight, wide), steps(quick, wide)) == (crops * 2, 2)
    assert (steps(sight, little), steps(quick, little)) == (2, 2)
    assert np.array_equal(finish(sight(little)), finish(quick(little)))
    assert not np.allclose(finish(sight(wide)), finish(quick(wide)))


# Places


def test_detect_and_point_give_places_in_the_picture(new: Moondream) -> None:
    image = new.encode_image(picture())
    objects = new.detect(image, "ball", settings={"max_objects": 3})["objects"]
    points = new.point(image, "ball", settings={"max_objects": 3})["points"]
    assert 0 < len(objects) <= 3
    assert 0 < len(points) <= 3
    for box in objects:
        assert set(box) == {"x_min", "y_min", "x_max", "y_max"}
        assert 0 <= box["x_min"] < box["x_max"] <= 1
        assert 0 <= box["y_min"] < box["y_max"] <= 1
    assert all(set(point) == {"x", "y"} and 0 <= min(point.values()) <= max(point.values()) < 1 for point in points)
    assert new.detect(picture(), "ball", settings={"max_objects": 3})["objects"] == objects


def test_a_walk_ends_where_the_model_ends_it_or_the_context_does(new: Moondream) -> None:
    image = new.encode_image(picture())
    language = new.model.language
    ends, context = language.ends, language.context
    try:
        language.context = len(image.picture) + 20
        assert len(new.detect(image, "ball", settings={"max_objects": 500})["objects"]) < 7
        language.ends = frozenset(range(10_000))
        assert new.detect(image, "ball") == {"objects": []}
    finally:
        language.ends, language.context = ends, context


def test_places_are_read_from_the_states_that_rows_of_places_leave(options: dict[str, Any], new: Moondream) -> None:
    """The walk again, every step from the beginning and by the reference."""
    tensors = small.file(options)
    image = new.encode_image(picture())
    found = new.detect(image, "ball", settings={"max_objects": 1})["objects"][0]
    inner = new.model
    (seen, told) = inner.spans(inner.prompts.regions["detect"]("ball"), image.picture)
    rows = torch.cat([torch.from_numpy(seen.rows), tensors["text.wte"][list(told.ids)]])

    def decoded(name: str) -> Any:
        state = moons.states(tensors, "text.blocks.", "attn.qkv", "attn.proj", rows, len(seen.rows))[-1]
        hidden = functional.gelu(
            state @ tensors[f"{name}.fc1.weight"].T + tensors[f"{name}.fc1.bias"], approximate="tanh"
        )
        return hidden @ tensors[f"{name}.fc2.weight"].T + tensors[f"{name}.fc2.bias"]

    middle = []
    for _ in range(2):
        middle.append(float(decoded("region.coord_decoder").argmax()) / small.Size(0).bins)
        angle = 2 * np.pi * middle[-1] * tensors["region.coord_features"]
        waves = torch.cat([angle.cos(), angle.sin()], dim=-1)
        row = waves @ tensors["region.coord_encoder.weight"].T + tensors["region.coord_encoder.bias"]
        rows = torch.cat([rows, row])
    width, height = decoded("region.size_decoder").reshape(2, -1).argmax(-1).tolist()
    half = [2 ** (one / (small.Size(0).bins - 1) * 10 - 10) / 2 for one in (width, height)]
    expected = [middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1]]
    assert list(found.values()) == pytest.approx([min(1, max(0, edge)) for edge in expected])


def test_coordinates_and_sizes_are_bins() -> None:
    with torch.device("meta"):
        heads = Regions(RegionShape())
    assert [heads.coordinate(at) for at in (0, 512, 1023)] == [0, 0.5, 1023 / 1024]
    assert heads.extent(0) == pytest.approx(1 / 1024)
    assert heads.extent(1023) == 1
    assert heads.extent(512) == pytest.approx(2 ** (512 / 1023 * 10 - 10))
    assert all(one < two for one, two in pairwise(map(heads.extent, range(1024))))


def test_heads_that_are_taught_a_place_tell_it_again() -> None:
    """A decoder fitted to the encoder's rows, as training fits it: each bin's row is told apart from all others."""
    torch.manual_seed(0)
    heads = Regions(RegionShape(width=64, hidden=8, coordinate_features=32, size_features=64, bins=32))
    torch.nn.init.normal_(heads.coord_features, std=2)
    torch.nn.init.normal_(heads.size_features, std=2)
    with torch.no_grad():
        rows = torch.cat([heads.coordinate_row(at) for at in range(32)])
        nearest = [int(torch.cdist(heads.coordinate_row(at), rows).argmin()) for at in range(32)]
        sizes = [Size(at, 31 - at) for at in range(32)]
        tall = torch.cat([heads.size_row(size) for size in sizes])
        same = [int(torch.cdist(heads.size_row(size), tall).argmin()) for size in sizes]
    assert nearest == same == list(range(32))
    heads.size_decoder.fc2 = torch.nn.Linear(8, 64)
    with torch.no_grad():
        heads.size_decoder.fc2.weight.zero_()
        heads.size_decoder.fc2.bias.copy_(torch.arange(64) % 32 == torch.tensor([7] * 32 + [9] * 32))
        assert heads.size_bins(torch.zeros(64)) == Size(7, 9)
