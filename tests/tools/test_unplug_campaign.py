"""Cables pulled during sales, and the judge of the paper."""

import asyncio

import pytest

from tools.rig.operator import slips_on
from tools.unplug_campaign import DEVICES, campaign, paper_faults


def slip(voucher, copy="MERCHANT COPY", mark=b"", end=b"\x1dV\x00"):
    return b"\x1b@" + mark + copy.encode() + f"\nVOUCHER NO      {voucher:06d}\n".encode() + end


PAIR = slip(1) + slip(1, "CARDHOLDER COPY")


@pytest.mark.parametrize(
    ("paper", "approved", "faults"),
    [
        (PAIR, 1, 0),
        (slip(1, end=b"") + bytes(100) + slip(1, mark=b"DUPLICATE\n") + slip(1, "CARDHOLDER COPY"), 1, 0),
        (PAIR + slip(1), 1, 1),
        (slip(1), 1, 1),
        (slip(1, end=b"") + slip(1, "CARDHOLDER COPY"), 1, 1),
        (PAIR, 2, 1),
        (b"", 1, 1),
    ],
    ids=["whole", "cut off and marked", "twice without a word", "copy missing", "only half", "a sale missing", "none"],
)
def test_the_judge_of_the_paper_finds_what_is_wrong(paper, approved, faults):
    assert len(paper_faults(paper, approved)) == faults


def test_a_slip_is_known_by_voucher_copy_and_mark():
    assert slips_on(slip(7, mark=b"DUPLICATE\n")) == {("000007", True, True): 1}


@pytest.mark.parametrize("device", DEVICES)
def test_sales_come_to_one_end_whatever_cable_is_pulled(device):
    report = asyncio.run(campaign(2, seed=3, devices=[device]))
    assert report.faults == []
    assert report.pulls[device] == 2
