"""The customer reads the questions in a language of their own; the merchant's screens stay as they are."""

from msgspec.structs import replace

from terminal.screens.texts import LANGUAGES, Translator

SALE = ("sale.amount", "1200"), ("sale.present", "!hash", "$good"), ("sale.pin", "123456")


def said(language, key):
    return Translator(language).text(key)


def shown(c, name):
    return next(screen for screen in c.shown if screen.name == name)


def test_hash_changes_the_language_of_card_and_pin_and_of_nothing_else(counter):
    async def story(c):
        c.desk.next_customer()
        await c.do("1", *SALE)
        assert shown(c, "sale.amount").title == said("en", "sale.title")
        assert shown(c, "sale.amount").other_language == ""
        assert shown(c, "sale.present").title == said("fi", "sale.title")
        assert shown(c, "sale.present").other_language == "中文"
        assert shown(c, "sale.pin").title == said("fi", "pin.title")
        assert c.shown[-1].title == said("en", "outcome.approved.title")

    counter(story)


def test_the_next_customer_is_asked_in_the_language_of_the_configuration(counter):
    async def story(c):
        c.desk.settings = replace(c.desk.settings, terminal=replace(c.desk.settings.terminal, customer_language="zh"))
        for _ in range(2):
            c.desk.next_customer()
            await c.do("1", ("sale.amount", "1200"), ("sale.present", "$good"), ("sale.pin", "!hash", "123456"))
            assert shown(c, "sale.present").title == said("zh", "sale.title")
            assert shown(c, "sale.pin").title == said("en", "pin.title")

    counter(story)


def test_every_language_names_itself_and_leads_round_to_all():
    names = {language: said(language, "language.name") for language in LANGUAGES}
    assert names == {"zh": "中文", "en": "English", "fi": "Suomi"}
    texts, seen = Translator("zh"), []
    for _ in LANGUAGES:
        seen.append(texts.language)
        texts = texts.next
    assert seen == list(LANGUAGES) and texts.language == "zh"
