"""Each token has an answering secret of its own."""

from chalicelib.domain.lease import secret


def test_the_secret_of_an_answer_is_of_one_session_and_one_token_and_of_this_service() -> None:
    one = secret("session-a", "digest-a", b"pepper")
    assert one == secret("session-a", "digest-a", b"pepper")
    others = [secret("session-b", "digest-a", b"pepper"), secret("session-a", "digest-b", b"pepper")]
    assert one not in [*others, secret("session-a", "digest-a", b"salt")]
