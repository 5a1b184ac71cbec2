"""The ring on disk: bounded, appended safely, read as far as it is whole."""

import pytest

from terminal.recording.ring import LIVES_MAX, LifeFile, RecordingError, life_files, make_room, read_records

RECORDS = [("t", 1), ("r", "wall", True, 5), ("o", "screen", b"12345678", "idle")]


def written(path, blocks=3):
    file = LifeFile(path)
    for _ in range(blocks):
        file.append(RECORDS)
    file.sync()
    file.close()
    return path


def test_what_was_written_is_read(tmp_path):
    assert list(read_records(written(tmp_path / "1.ctr"))) == [list(record) for record in RECORDS] * 3


def test_a_file_cut_off_anywhere_gives_its_whole_blocks_and_no_fault(tmp_path):
    data = written(tmp_path / "1.ctr").read_bytes()
    counts = set()
    for length in range(len(data)):
        (tmp_path / "2.ctr").write_bytes(data[:length])
        try:
            counts.add(len(list(read_records(tmp_path / "2.ctr"))))
        except RecordingError:
            assert length < 23, "only a file without its first line is no recording"
    assert counts == {0, 3, 6}


def test_a_flipped_bit_ends_the_recording_before_it(tmp_path):
    data = bytearray(written(tmp_path / "1.ctr").read_bytes())
    data[-5] ^= 1
    (tmp_path / "2.ctr").write_bytes(data)
    assert len(list(read_records(tmp_path / "2.ctr"))) == 6


def test_the_oldest_go_when_there_is_no_room(tmp_path):
    size = written(make_room(tmp_path, 1 << 20)).stat().st_size
    for _ in range(5):
        written(make_room(tmp_path, 2 * size))
    files = life_files(tmp_path)
    assert [path.stem for path in files] == ["00000004", "00000005", "00000006"], "two, and the one that was added"


def test_a_terminal_that_starts_again_and_again_keeps_a_bounded_number(tmp_path):
    for _ in range(LIVES_MAX + 5):
        make_room(tmp_path, 1 << 30).touch()
    assert len(life_files(tmp_path)) == LIVES_MAX + 1


def test_only_this_user_may_read_it(tmp_path):
    folder = tmp_path / "recorder"
    path = written(make_room(folder, 1 << 20))
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_stranger_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "x.ctr").write_bytes(b"x" * 100)
    with pytest.raises(RecordingError) as caught:
        list(read_records(tmp_path / "x.ctr"))
    assert caught.value.remedy
