"""What the tests of this floor share."""

import pytest
from django.contrib.auth.models import User

from tests.conftest import Api, Apis
from tests.sessions_app.calls import BASE


@pytest.fixture
def program(alice: User, api: Apis) -> Api:
    program = api(alice)
    program.post("/api/sessions", BASE)
    return program
