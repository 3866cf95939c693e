"""Which mounts SQLite cannot work on, by tables as Linux writes them."""

import errno
import fcntl

import pytest

from results import file_systems
from results.file_systems import find_problem, is_unfit, mount_of, parse_mounts

SPACE = """\
overlay / overlay rw,relatime,lowerdir=/a:/b,upperdir=/c 0 0
proc /proc proc rw,nosuid 0 0
hf-mount /data fuse.hf-mount rw,nosuid,nodev,relatime,user_id=0 0 0
"""
UNIVERSITY = """\
/dev/sda1 / ext4 rw,relatime 0 0
systemd-1 /home autofs rw,fd=29,pgrp=1 0 0
filer:/export/home /home nfs4 rw,vers=4.2,hard 0 0
/dev/sdb1 /home/local xfs rw 0 0
//filer/my\\040files /mnt/my\\040files cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("table", "path", "type_"),
    [
        (SPACE, "/data/results.db", "fuse.hf-mount"),
        (SPACE, "/data", "fuse.hf-mount"),
        (SPACE, "/database/results.db", "overlay"),
        (SPACE, "/home/lab/database/results.db", "overlay"),
        (UNIVERSITY, "/home/anna/.local/share/results.db", "nfs4"),
        (UNIVERSITY, "/home/local/results.db", "xfs"),
        (UNIVERSITY, "/homes/results.db", "ext4"),
        (UNIVERSITY, "/mnt/my files/results.db", "cifs"),
    ],
)
def test_a_path_lies_on_the_longest_mount_above_it_and_the_last_one_there(table, path, type_):
    assert mount_of(path, parse_mounts(table)).type == type_


def test_a_path_above_no_mount_has_none():
    assert mount_of("/data", []) is None


@pytest.mark.parametrize(
    "type_",
    ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.ceph", "glusterfs", "fuse.glusterfs", "lustre",
     "beegfs", "gpfs", "fuse", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.hf-mount"],
)  # fmt: skip
def test_network_disks_and_mounted_buckets_are_unfit(type_):
    assert is_unfit(type_)


@pytest.mark.parametrize(
    "type_", ["ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuseblk", "fuse.fuse-overlayfs", "f2fs", "apfs"]
)
def test_disks_of_the_machine_are_fit(type_):
    assert not is_unfit(type_)


def problem_of(path):
    return find_problem(path) or "none"


@pytest.fixture
def mounted(tmp_path, monkeypatch):
    """A table in which a folder of the test is mounted as this type."""

    def mount(folder, type_):
        table = tmp_path / "mounts"
        table.write_text(f"/dev/sda1 / ext4 rw 0 0\nx {folder.resolve()} {type_} rw 0 0\n")
        monkeypatch.setattr(file_systems, "MOUNTS", table)

    return mount


def test_the_problem_names_type_and_mount(tmp_path, mounted):
    mounted(tmp_path / "share", "nfs4")
    problem = problem_of(tmp_path / "share" / "not yet there" / "results.db")
    assert "nfs4" in problem
    assert str(tmp_path / "share") in problem
    assert find_problem(tmp_path / "results.db") is None


def test_a_link_is_followed_to_where_the_file_would_really_be(tmp_path, mounted):
    (tmp_path / "share").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "share")
    mounted(tmp_path / "share", "cifs")
    assert "cifs" in problem_of(tmp_path / "link" / "results.db")


def test_a_file_system_of_any_name_must_take_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    assert "takes no locks" in problem_of(tmp_path / "results.db")
    assert list(tmp_path.iterdir()) == []


def test_other_systems_than_linux_are_not_looked_at(tmp_path, mounted, monkeypatch):
    mounted(tmp_path, "nfs4")
    monkeypatch.setattr("sys.platform", "darwin")
    assert find_problem(tmp_path / "results.db") is None
