"""Secrets of URLs: never in what is shown, whatever a driver reports."""

import pytest

from zoo.urls import bare, without

URLS = {
    "postgresql://me:secret@host/db": "postgresql://***@host/db",
    "postgresql://me:se@cr/secret@host:5/db": "postgresql://***@host:5/db",
    "postgresql://host/db?password=secret&sslpassword=secret": "postgresql://host/db?***",
    "postgresql://me@host/db?user=secret": "postgresql://***@host/db?***",
    "https://secret@host": "https://***@host",
    "--mlflow=https://host/a?token=secret": "--mlflow=https://host/a?***",
    "sqlite:///mlflow.db": "sqlite:///mlflow.db",
    "digits": "digits",
}


@pytest.mark.parametrize("url", URLS)
def test_what_is_shown_of_a_url(url: str) -> None:
    assert bare(url) == URLS[url]


@pytest.mark.parametrize("url", URLS)
def test_what_a_driver_reports(url: str) -> None:
    password = "se@cr/secret" if "se@cr" in url else "secret"
    for reported in (f"cannot reach {url}", f'role "me" with {password} failed'):
        assert "secret" not in without(reported, url) or "secret" not in url


def test_an_encoded_password_is_known_decoded() -> None:
    assert without("no se/cret", "postgresql://u:se%2Fcret@h/d") == "no ***"
