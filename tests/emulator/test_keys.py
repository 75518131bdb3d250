"""Secret and publishable keys, and tenants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hatched import HatchedClient
from hatched.emulator import Emulator, Item, Rules

from .support import Api

PUBLISHABLE = "hatch_pk_emulator"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Basic hatch_test_emulator", "hatch_test_emulator"])
def test_a_malformed_authorization_is_unauthorized(authorization: str) -> None:
    headers = {"Authorization": authorization}
    assert Api().code("GET", "/buddies", key=None, headers=headers) == (401, "unauthorized")


def test_the_scheme_is_not_case_sensitive() -> None:
    headers = {"authorization": "bearer hatch_test_emulator"}
    assert Api().send("GET", "/buddies", key=None, headers=headers).status == 200


def test_a_publishable_key_does_what_its_scopes_say() -> None:
    api = Api()
    buddy = api.buddy()
    assert api.code("GET", f"/buddies/{buddy}", key=PUBLISHABLE) == (403, "publishable_key_scope")
    api.emulator.add_key("hatch_pk_reader", scopes=("read:buddies",))
    assert api.send("GET", f"/buddies/{buddy}", key="hatch_pk_reader").status == 200
    assert api.code("POST", "/events", {}, key="hatch_pk_reader") == (403, "publishable_key_scope")


def test_a_publishable_key_reads_operations_by_default() -> None:
    api = Api()
    operation = api.ok("POST", f"/eggs/{api.egg(ready=True)}/hatch")["operation_id"]
    assert api.send("GET", f"/operations/{operation}", key=PUBLISHABLE).status == 200


def test_a_revoked_key_is_out_at_once() -> None:
    api = Api()
    api.emulator.revoke_key(api.emulator.api_key)
    assert api.code("GET", "/buddies") == (401, "unauthorized")


def test_customers_do_not_see_each_other() -> None:
    api = Api()
    other = "hatch_test_other"
    api.emulator.add_key(other, customer="other")
    buddy, egg = api.buddy(), api.egg("user_2")
    operation = api.ok("POST", f"/eggs/{api.egg('user_3', ready=True)}/hatch")["operation_id"]
    for path in (f"/buddies/{buddy}", f"/eggs/{egg}", f"/operations/{operation}"):
        assert api.code("GET", path, key=other) == (404, "resource_not_found")
    assert api.send("GET", "/buddies", key=other).json()["data"] == []
    assert api.send("GET", "/eggs", key=other).json() == []
    api.event(event_id="e1")
    api.send("POST", "/events", {"event_id": "e1", "user_id": "user_1", "type": "lesson_completed"}, key=other)
    assert [event.buddy_id for event in api.emulator.effects()] == [buddy, None]


def test_another_customer_begins_with_the_rules_that_the_first_has_published() -> None:
    api = Api()
    api.emulator.publish(Rules(event_types=("only_mine",)))
    api.emulator.add_key("hatch_test_other", customer="other")
    event = {"user_id": "u", "type": "only_mine"}
    assert api.send("POST", "/events", event, key="hatch_test_other").status == 201


def test_a_key_may_be_added_again_as_it_is() -> None:
    api = Api()
    for scopes in ((), ("read:buddies",), None):
        keys = [api.emulator.add_key(f"hatch_pk_{scopes}", scopes=scopes) for _ in range(2)]
        assert keys == [api.emulator.customer_id] * 2


@pytest.mark.parametrize("scope", ["secret", "any", "write:events", ""])
def test_a_scope_that_there_is_not_opens_nothing(scope: str) -> None:
    emulator = Api().emulator
    with pytest.raises(ValueError, match=r"no such scope.*there are read:buddies, read:operations"):
        emulator.add_key("hatch_pk_other", scopes=(scope,))
    assert emulator.keys.find("Bearer hatch_pk_other") is None


def test_a_publishable_key_makes_sessions_only_if_a_scope_says_so() -> None:
    api = Api()
    buddy = api.buddy()
    api.emulator.add_key("hatch_pk_sessions", scopes=("write:widget-sessions",))
    session = {"buddy_id": buddy, "user_id": "user_1", "scopes": ["read"]}
    refused = api.code("POST", "/widget-sessions", session, key="hatch_pk_emulator")
    assert refused == (403, "publishable_key_scope")
    assert api.send("POST", "/widget-sessions", session, key="hatch_pk_sessions").status == 201


def test_a_key_that_may_not_is_told_the_credits_too() -> None:
    api = Api()
    refused = api.send("POST", "/eggs", {"user_id": "u"}, key=api.emulator.publishable_key)
    assert refused.status == 403
    assert refused.header("X-Credits-Remaining") == api.send("GET", "/eggs").header("X-Credits-Remaining") is not None


OTHER = "hatch_test_other"
HAT = Rules(event_types=("t",), items=(Item(key="hat", category="head"),))


def two_customers(**options: Any) -> Api:
    """Two tenants of the same rules."""
    api = Api(rules=Rules(event_types=("t",)), **options)
    api.emulator.add_key(OTHER, customer="other")
    return api


def client_of_the_other(api: Api) -> HatchedClient:
    http = httpx.Client(transport=api.emulator.sync_transport())
    return HatchedClient(api_key=OTHER, base_url=api.emulator.base_url, http_client=http)


def test_another_customer_buys_what_is_published_for_it() -> None:
    api = two_customers()
    api.emulator.publish(HAT, customer="other")
    client = client_of_the_other(api)
    buddy = client.buddies.ensure("ada")
    assert client.buddies.purchase_item(buddy.id, api.emulator.item_id("hat", customer="other")).name == "Hat"
    path = f"/buddies/{api.buddy('ada')}/items/{api.emulator.item_id('hat')}/purchase"
    assert api.code("POST", path) == (404, "resource_not_found")


def test_a_draft_is_published_for_the_customer_that_has_it() -> None:
    api = two_customers()
    draft = api.emulator.draft(HAT, customer="other")
    with pytest.raises(ValueError, match="is no draft"):
        api.emulator.publish_draft(draft)
    api.emulator.publish_draft(draft, customer="other")
    assert api.send("POST", "/eggs", {"user_id": "u"}, key=OTHER).json()["config_version_id"] == draft


def test_buddies_of_another_customer_migrate_by_themselves() -> None:
    api = two_customers()
    api.buddy("ada")
    client_of_the_other(api).buddies.ensure("ada")
    for customer in ("default", "other"):
        api.emulator.publish(HAT, customer=customer)
    assert [api.emulator.migrate(customer="other") for _ in range(2)] == [1, 0]
    assert api.emulator.migrate() == 1


def test_another_customer_is_left_without_rules_by_itself() -> None:
    api = two_customers()
    api.emulator.unpublish(customer="other")
    assert api.code("POST", "/eggs", {"user_id": "u"}, key=OTHER) == (409, "no_published_config")
    assert api.send("POST", "/eggs", {"user_id": "u"}).status == 201


def test_another_customer_gets_credits_of_its_own() -> None:
    api = two_customers(credits=0)
    api.emulator.add_credits(3, customer="other")
    balances = [api.send("GET", "/credits/balance", key=key).json()["paid"] for key in (api.emulator.api_key, OTHER)]
    assert balances == [0, 3]


@pytest.mark.parametrize(
    "use",
    [
        lambda emulator: emulator.draft(HAT, customer="nobody"),
        lambda emulator: emulator.publish(HAT, customer="nobody"),
        lambda emulator: emulator.publish_draft("v", customer="nobody"),
        lambda emulator: emulator.migrate(customer="nobody"),
        lambda emulator: emulator.unpublish(customer="nobody"),
        lambda emulator: emulator.add_credits(1, customer="nobody"),
        lambda emulator: emulator.item_id("hat", customer="nobody"),
    ],
    ids=["draft", "publish", "publish_draft", "migrate", "unpublish", "add_credits", "item_id"],
)
def test_a_customer_that_there_is_not_is_told_with_what_makes_it(use: Callable[[Emulator], object]) -> None:
    with pytest.raises(ValueError, match=r"there is no customer 'nobody': add_key\(key, customer='nobody'\) makes one"):
        use(Emulator())
