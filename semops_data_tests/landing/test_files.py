"""What `dst generate` writes can be used: its documents are read by the corpus, with their topics."""

from datetime import date

import pytest

from semops_data.contracts.shop import TEXT_KINDS, TEXT_TOPICS
from semops_data.corpus.chunks import chunk
from semops_data.corpus.source import open_source
from semops_data.landing.files import write_day, write_documents
from semops_data.settings import Settings
from semops_data.synthesis.phrases import DETAILS
from semops_data.synthesis.texts import all_texts
from semops_data_tests.scenario import small_business

DAY = date(2026, 1, 5)


def test_the_corpus_reads_the_documents_and_each_passage_names_its_topic(tmp_path):
    """A corpus with business documents whose topics are known: a passage says what was written about that topic."""
    business = small_business(orders_per_day=1_000)
    assert write_documents(business, DAY, tmp_path / "corpus") == len(TEXT_KINDS)
    reading = open_source(Settings(home=tmp_path / "home", corpus=str(tmp_path / "corpus"))).read()
    assert reading.findings == ()
    assert len(reading.current) == len(TEXT_KINDS)
    passages = [each for version in reading.current for each in chunk(version.content) if len(each.path) == 2]
    assert len(passages) == all_texts(business, DAY).num_rows
    for each in passages:
        topic = each.body.rpartition("Topic: ")[2].rstrip(".")
        assert topic in TEXT_TOPICS
        assert any(detail in each.body for detail in DETAILS[topic])


def test_an_error_of_the_background_writer_is_not_lost(tmp_path):
    """A full disk must end the command, not leave half of a day that looks whole."""
    (tmp_path / "landing").write_text("a file where a folder should be")
    with pytest.raises(OSError, match="landing"):
        write_day(small_business(), DAY, tmp_path)
