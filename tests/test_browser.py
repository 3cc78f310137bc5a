"""The browser fixture notices what it must."""

import pytest
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.conftest import watch

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


def test_the_home_page_keeps_the_policy(browser_page: Page) -> None:
    response = browser_page.goto("/")
    assert response is not None
    assert response.status == 200


@pytest.mark.parametrize(
    ("fault", "script"),
    [
        (
            "policy",
            "document.body.append(document.createElement('style').appendChild("
            "document.createTextNode('p{}')).parentNode)",
        ),
        ("policy", "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">x</p>')"),
        (
            "policy",
            "document.body.insertAdjacentHTML('beforeend',"
            " '<img src=\"https://other.example/x.png\">')",
        ),
        ("script", "setTimeout(() => { throw new Error('broken') })"),
        ("404", "document.body.insertAdjacentHTML('beforeend', '<img src=\"/static/no.png\">')"),
    ],
)
def test_faults_are_noticed(
    browser: Browser, live_server: LiveServer, fault: str, script: str
) -> None:
    context = browser.new_context(base_url=live_server.url)
    faults = watch(context)
    page = context.new_page()
    page.goto("/")
    page.evaluate(f"() => {{ {script} }}")
    page.wait_for_timeout(300)
    context.close()
    assert faults
    assert all(found.startswith(fault) for found in faults)
