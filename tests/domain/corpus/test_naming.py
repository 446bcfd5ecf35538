"""An intent's name in the bot's files is found and changed, and no word of a message is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ratchet.domain.corpus.naming import renamed, uses

DOMAIN = """version: "3.1"
intents:
- order
- order_pizza   # another one
- thanks:
    use_entities: []
- "order"
responses:
  utter_order:
  - text: "order now, utter your order"
    buttons:
    - {title: order, payload: /order}
    - title: order
      payload: '/order{"size": "large"}'
  utter_order_pizza:
  - text: in order
slots:
  order:
    type: text
"""


def test_only_names_of_the_intent_are_changed() -> None:
    """Lists, keys, payloads and the answer of its name; not a longer name, a slot, a comment or a text."""
    assert (
        renamed(DOMAIN, "order", "buy")
        == """version: "3.1"
intents:
- buy
- order_pizza   # another one
- thanks:
    use_entities: []
- "buy"
responses:
  utter_buy:
  - text: "order now, utter your order"
    buttons:
    - {title: order, payload: /buy}
    - title: order
      payload: '/buy{"size": "large"}'
  utter_order_pizza:
  - text: in order
slots:
  order:
    type: text
"""
    )


@pytest.mark.parametrize(
    ("line", "now"),
    [
        ("  - intent: order", "  - intent: buy"),
        ("  - intent: 'order'  # x", "  - intent: 'buy'  # x"),
        ("  - {user: i order, intent: order, bot: order}", "  - {user: i order, intent: buy, bot: order}"),
        ('  - {"intent": "order"}', '  - {"intent": "buy"}'),
        ("intents: [order, x, order_pizza, order]", "intents: [buy, x, order_pizza, buy]"),
        ("      not_intent: order", "      not_intent: buy"),
        ("  - intent: order/ask", "  - intent: buy/ask"),
        ("  - action: utter_order", "  - action: utter_buy"),
        ("  - action: action_order", "  - action: action_order"),
        ("- story: order", "- story: order"),
        ("  intent: reorder", "  intent: reorder"),
        ("  - user: order", "  - user: order"),
    ],
)
def test_one_line(line: str, now: str) -> None:
    """As Rasa's and Ratchet's files write names."""
    assert renamed(line, "order", "buy") == now


def test_a_list_of_intents_ends_where_its_indent_ends() -> None:
    """Also where it is nested, and where a comment stands in it."""
    text = (
        "mappings:\n- type: from_text\n  intent:\n  - order\n  # order\n\n  - thanks\n  - order\n"
        "- order\nactions:\n- order\n"
    )
    assert renamed(text, "order", "buy") == text.replace("  - order", "  - buy")


def test_uses_are_named_by_file_and_line() -> None:
    """As an editor opens them."""
    found = uses({"bot/domain.yml": DOMAIN}, "order")
    assert [one.place for one in found] == [f"bot/domain.yml:{line}" for line in (3, 7, 9, 12, 14)]


@given(st.text(alphabet="abc -:{}[]\n\"'#/utr_intes", max_size=200))
def test_a_rename_there_and_back_changes_nothing(text: str) -> None:
    """Whatever the file says, as long as the other name was nowhere."""
    assert renamed(renamed(text, "ab", "zz"), "zz", "ab") == text


def test_files_of_windows_are_changed_as_others_are() -> None:
    """Lists too; each line keeps its end."""
    windows = DOMAIN.replace("\n", "\r\n")
    assert renamed(windows, "order", "buy") == renamed(DOMAIN, "order", "buy").replace("\n", "\r\n")
