from scirehooks.hooks.says import said, says


def test_says_text_is_a_format_of_the_result() -> None:
    """The sentence has the result in its place."""

    @says("Sent {0} messages.")
    def send() -> int:
        return 3

    assert said(send, send()) == "Sent 3 messages."


def test_says_function_makes_the_sentence() -> None:
    """What a format cannot say, a function of the result does."""

    @says(lambda count: "Sent one." if count == 1 else f"Sent {count}.")
    def send() -> int:
        return 1

    assert said(send, send()) == "Sent one."


def test_says_nothing_without_mark_or_result() -> None:
    """A command that is not marked says nothing, nor does one that had nothing to do."""

    @says("Sent {0}.")
    def send() -> None:
        return None

    assert said(send, send()) == ""
    assert said(len, 3) == ""
